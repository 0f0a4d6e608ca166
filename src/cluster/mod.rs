//! Record after record to verdicts, and verdicts to changes: the fold that makes clusters.

mod types;

pub use types::{
    Change, Link, LinkKind, Member, Reason, Relation, SetId, Summary, Verdicts, Version,
};
