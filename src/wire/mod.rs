//! Title, paragraphs and bylines to the agency whose copy they are: the marks agency copy carries.

mod agency;
mod credit;
mod dateline;
mod mention;
mod photo;

pub use agency::{Agency, agencies, agency_of_host};
pub use credit::{Marks, credit, credit_with, is_agency_alone, is_sign_off, shared_credit};
pub use dateline::dateline;
pub use photo::is_photo_credit;
