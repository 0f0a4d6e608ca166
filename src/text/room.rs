//! Hashes on their way into a list.

/// Places in a [`Room`]: a power of two, and far more than words end in 64 bytes.
pub(super) const ROOM: usize = 256;

/// Hashes on their way into a list: written without asking whether there is room.
pub(super) struct Room<'a> {
    pub(super) places: &'a mut [u64; ROOM],
    pub(super) count: usize,
}

impl Room<'_> {
    /// Writes in any case: no processor could foresee what is kept.
    #[inline]
    pub(super) fn put(&mut self, hash: u64, kept: bool) {
        self.places[self.count % ROOM] = hash;
        self.count += usize::from(kept);
    }

    /// What waits.
    #[inline]
    pub(super) fn waiting(&self) -> &[u64] {
        &self.places[..self.count]
    }
}
