//! Gold labels and predicted clusters to scores: pair precision and recall, B-cubed, adjusted Rand index.

mod gold;
mod report;
mod score;

pub use gold::{Gold, Label, Line, Predicted, Problem};
pub use report::{LabelCount, Report};
pub use score::{Contingency, Pairs, Scores};
