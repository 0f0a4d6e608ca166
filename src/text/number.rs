//! Digits to the hash of a number.

use super::hash;

/// A number being read: its digits so far, as a hash.
#[derive(Default)]
pub(super) struct Number {
    hash: u64,
    pub(super) open: bool,
    /// A dot or comma came last.
    pub(super) joint: bool,
}

impl Number {
    pub(super) fn digit(&mut self, value: u8) {
        let before = if self.open { self.hash } else { 0 };
        self.hash =
            (before ^ (u64::from(value) + 1)).wrapping_mul(0x9FB2_1C65_1E98_DF25).rotate_left(23);
        self.open = true;
        self.joint = false;
    }

    /// Goes on behind one dot or comma, not behind two.
    pub(super) fn mark(&mut self, out: &mut Vec<u64>) {
        if self.joint {
            self.close(out);
        }
        self.joint = self.open;
    }

    pub(super) fn close(&mut self, out: &mut Vec<u64>) {
        if self.open {
            out.push(hash::folded(self.hash, 0xA076_1D64_78BD_642F));
            self.open = false;
        }
        self.joint = false;
    }
}
