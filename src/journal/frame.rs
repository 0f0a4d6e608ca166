//! A numbered payload to the bytes of one frame, and bytes back to a frame or the reason why they are none.

use xxhash_rust::xxh3::Xxh3;

/// Format of the frames this program writes: kind byte and postcard as they are, a version's text behind them in zstd.
pub(super) const FORMAT: u8 = 2;

/// Format of frames whose payload is packed as a whole, as earlier builds wrote them.
pub(super) const PACKED: u8 = 1;

/// Bytes before the payload: length 4, seq 8, format 1, checksum 8.
pub(super) const HEADER_BYTES: usize = 21;

/// Bytes of the header that the checksum covers, with the payload: all before itself.
const COVERED_BYTES: usize = 13;

/// Most bytes a payload may have. A length above it is damage and is never allocated.
pub(super) const PAYLOAD_BYTES_MAX: usize = 40 << 20; // RECORD_BYTES_MAX and what zstd adds where nothing shrinks

/// A number no journal reaches: a thousand records a second for thirty years. One beyond it is damage.
const SEQ_MAX: u64 = 1 << 40;

/// The header of a frame, as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Bytes of the payload.
    pub(super) length: usize,
    /// Place of the record.
    pub(super) seq: u64,
    /// How the payload is written.
    pub(super) format: u8,
    checksum: u64,
}

/// A frame whose checksum holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    /// Place of the record.
    pub(super) seq: u64,
    /// How the payload is written.
    pub(super) format: u8,
    /// The record's bytes.
    pub(super) payload: &'a [u8],
}

impl Frame<'_> {
    /// Bytes of the whole frame.
    pub(super) const fn bytes(&self) -> usize {
        HEADER_BYTES + self.payload.len()
    }

    /// Names the format where a newer program wrote it.
    pub(super) fn newer(&self) -> Option<String> {
        let is_known = matches!(self.format, PACKED | FORMAT);
        (!is_known).then(|| format!("format {}", self.format))
    }
}

/// Why bytes are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// They end before the frame does.
    Short,
    /// The length is beyond what a payload may have.
    Length,
    /// The seq is beyond what a journal reaches.
    Seq,
    /// The checksum does not hold.
    Checksum,
}

impl Broken {
    /// The reason in words.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Short => "the file ends inside a record",
            Self::Length => "a record has an impossible length",
            Self::Seq => "a record has an impossible number",
            Self::Checksum => "a checksum does not hold",
        }
    }
}

/// Appends the frame of `payload` to `out`. The payload is at most [`PAYLOAD_BYTES_MAX`] long.
pub(super) fn push(out: &mut Vec<u8>, seq: u64, payload: &[u8]) {
    let start = out.len();
    out.extend_from_slice(&(payload.len() as u32).to_be_bytes());
    out.extend_from_slice(&seq.to_be_bytes());
    out.push(FORMAT);
    let checksum = checksum(&out[start..], payload);
    out.extend_from_slice(&checksum.to_be_bytes());
    out.extend_from_slice(payload);
}

/// Reads a header and sees that its length and its number are possible.
pub(super) fn header(bytes: &[u8]) -> Result<Header, Broken> {
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or(Broken::Short)?;
    let (seq, rest) = rest.split_first_chunk::<8>().ok_or(Broken::Short)?;
    let (format, rest) = rest.split_first_chunk::<1>().ok_or(Broken::Short)?;
    let (checksum, _) = rest.split_first_chunk::<8>().ok_or(Broken::Short)?;
    let length = u32::from_be_bytes(*length) as usize;
    if length > PAYLOAD_BYTES_MAX {
        return Err(Broken::Length);
    }
    let seq = u64::from_be_bytes(*seq);
    if seq > SEQ_MAX {
        return Err(Broken::Seq);
    }
    Ok(Header { length, seq, format: format[0], checksum: u64::from_be_bytes(*checksum) })
}

/// Reads the frame that `bytes` begin with.
pub(super) fn parse(bytes: &[u8]) -> Result<Frame<'_>, Broken> {
    let header = header(bytes)?;
    let payload = bytes.get(HEADER_BYTES..HEADER_BYTES + header.length).ok_or(Broken::Short)?;
    if checksum(&bytes[..COVERED_BYTES], payload) != header.checksum {
        return Err(Broken::Checksum);
    }
    Ok(Frame { seq: header.seq, format: header.format, payload })
}

fn checksum(covered: &[u8], payload: &[u8]) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(covered);
    hash.update(payload);
    hash.digest()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(seq: u64, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        push(&mut out, seq, payload);
        out
    }

    #[test]
    fn a_frame_reads_back_whatever_follows_it() {
        let mut bytes = framed(7, b"seven");
        bytes.extend_from_slice(b"rest");
        let frame = parse(&bytes).unwrap();
        assert_eq!((frame.seq, frame.format, frame.payload), (7, FORMAT, &b"seven"[..]));
        assert_eq!(frame.bytes(), bytes.len() - 4);
    }

    #[test]
    fn every_cut_of_a_frame_is_short() {
        let bytes = framed(7, b"seven");
        for cut in 0..bytes.len() {
            assert_eq!(parse(&bytes[..cut]), Err(Broken::Short), "{cut}");
        }
    }

    #[test]
    fn every_flipped_bit_is_seen() {
        let bytes = framed(7, b"seven");
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(parse(&bad).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn an_impossible_length_is_refused_before_anything_is_allocated() {
        let mut bytes = framed(7, b"seven");
        bytes[..4].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(parse(&bytes), Err(Broken::Length));
    }

    #[test]
    fn a_number_that_no_journal_reaches_is_no_record() {
        assert!(parse(&framed(SEQ_MAX, b"seven")).is_ok());
        assert_eq!(parse(&framed(SEQ_MAX + 1, b"seven")), Err(Broken::Seq));
    }

    #[test]
    fn the_bytes_of_a_frame_stay_what_they_are() {
        let hex = framed(7, b"seven").iter().fold(String::new(), |hex, b| format!("{hex}{b:02x}"));
        assert_eq!(hex, "00000005000000000000000702690e7afffac37b0a736576656e");
        let first = b"\0\0\0\x05\0\0\0\0\0\0\0\x07\x01\x2f\x74\xd9\x94\x70\x6d\x76\x7cseven";
        let of_format_one = parse(first).unwrap();
        assert_eq!((of_format_one.format, of_format_one.payload), (PACKED, &b"seven"[..]));
    }

    #[test]
    fn a_format_of_later_is_named() {
        let of = |format| Frame { seq: 1, format, payload: &[] };
        assert_eq!([of(PACKED).newer(), of(FORMAT).newer()], [None, None]);
        assert_eq!(of(3).newer().as_deref(), Some("format 3"));
        assert_eq!(of(0).newer().as_deref(), Some("format 0"));
    }
}
