//! Title, paragraphs and bylines to the agency whose copy they are: the marks agency copy carries.

mod agency;
mod credit;
mod dateline;
mod mention;
mod photo;
mod shared;

pub use agency::{Agency, agencies, agency_of_host};
pub use credit::{Marks, credit, credit_with, is_agency_alone, is_sign_off};
pub use dateline::dateline;
pub use photo::is_photo_credit;
pub use shared::shared_credit;
