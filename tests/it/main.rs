//! One integration binary: one link for all tests that cross rooms.

mod extract;
