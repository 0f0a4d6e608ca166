//! A body as it comes to its bytes, and no more of them than a bound. gzip is undone here, member after member as RFC 1952 has it; the
//! HTTP library ends with the first one and calls that the whole. Other codings it undoes well.

use std::io::{self, Write};

use bytes::{Bytes, BytesMut};
use flate2::write::GzDecoder;

/// The first byte of a member.
const MEMBER: u8 = 0x1F;

/// Why nothing more is taken.
#[derive(Debug)]
pub(super) enum Stop {
    /// There are more bytes than the bound.
    Full,
    /// It ended before it was whole.
    Short,
    /// It is not packed so.
    Broken(io::Error),
}

/// What has come of a body.
pub(super) struct Body {
    state: State,
    /// True once anything has come.
    began: bool,
}

enum State {
    Plain(Room),
    Member(Box<GzDecoder<Room>>),
    /// A member has ended; another one may follow.
    Between(Room),
    /// What followed the last member was none. Some servers put zeros or worse there, and every browser lets them.
    Over(Room),
}

/// Bytes up to a bound.
struct Room {
    bytes: BytesMut,
    max: usize,
    is_full: bool,
}

impl Write for Room {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        let room = self.max - self.bytes.len();
        self.bytes.extend_from_slice(&more[..more.len().min(room)]);
        self.is_full = more.len() > room;
        if self.is_full { Err(io::Error::other("full")) } else { Ok(more.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Body {
    /// An empty body that will hold at most `max` bytes, with room for `announced` of them.
    pub(super) fn new(gzip: bool, announced: usize, max: usize) -> Self {
        let bytes = BytesMut::with_capacity(announced.min(max));
        let room = Room { bytes, max, is_full: false };
        let state =
            if gzip { State::Member(Box::new(GzDecoder::new(room))) } else { State::Plain(room) };
        Self { state, began: false }
    }

    /// What there is of it.
    pub(super) fn bytes(&self) -> &[u8] {
        match &self.state {
            State::Plain(room) | State::Between(room) | State::Over(room) => &room.bytes,
            State::Member(member) => &member.get_ref().bytes,
        }
    }

    /// Takes what came next. Where that is too much, it is cut at the bound.
    pub(super) fn push(&mut self, mut chunk: &[u8]) -> Result<(), Stop> {
        self.began |= !chunk.is_empty();
        while !chunk.is_empty() {
            match &mut self.state {
                State::Plain(room) => {
                    room.write_all(chunk).map_err(|_| Stop::Full)?;
                    chunk = &[];
                }
                State::Over(_) => chunk = &[],
                State::Between(room) => {
                    let room = room.take();
                    self.state = if chunk[0] == MEMBER {
                        State::Member(Box::new(GzDecoder::new(room)))
                    } else {
                        State::Over(room)
                    };
                }
                State::Member(member) => match member.write(chunk) {
                    // Whole, its checksum included.
                    Ok(0) => self.end_member()?,
                    Ok(taken) => chunk = &chunk[taken..],
                    Err(fault) => return Err(why(member, fault)),
                },
            }
        }
        if let State::Member(member) = &mut self.state
            && let Err(fault) = member.flush()
        {
            return Err(why(member, fault));
        }
        Ok(())
    }

    /// All of it, where it is whole.
    pub(super) fn finish(mut self) -> Result<Bytes, Stop> {
        if let State::Member(member) = &mut self.state
            && self.began
        {
            // One that is whole takes nothing more.
            if !matches!(member.write(&[MEMBER]), Ok(0)) {
                return Err(Stop::Short);
            }
            self.end_member()?;
        }
        Ok(self.cut())
    }

    /// What there is of it, whole or not.
    pub(super) fn cut(mut self) -> Bytes {
        let room = match &mut self.state {
            State::Plain(room) | State::Between(room) | State::Over(room) => room,
            State::Member(member) => member.get_mut(),
        };
        room.take().bytes.freeze()
    }

    fn end_member(&mut self) -> Result<(), Stop> {
        if let State::Member(member) = &mut self.state {
            if let Err(fault) = member.try_finish() {
                return Err(why(member, fault));
            }
            self.state = State::Between(member.get_mut().take());
        }
        Ok(())
    }
}

impl Room {
    fn take(&mut self) -> Self {
        Self { bytes: std::mem::take(&mut self.bytes), max: self.max, is_full: self.is_full }
    }
}

fn why(member: &GzDecoder<Room>, fault: io::Error) -> Stop {
    if member.get_ref().is_full { Stop::Full } else { Stop::Broken(fault) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    }

    /// What comes of `packed` in pieces of `size`: its text, or the word for why not.
    fn read(packed: &[u8], size: usize, max: usize) -> Result<String, &'static str> {
        let mut body = Body::new(true, 0, max);
        let all = packed.chunks(size).try_for_each(|chunk| body.push(chunk));
        let bytes = all.and_then(|()| body.finish());
        bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).map_err(|stop| match stop {
            Stop::Full => "full",
            Stop::Short => "short",
            Stop::Broken(_) => "broken",
        })
    }

    #[test]
    fn members_are_one_text_and_half_of_one_is_none() {
        let (one, two) = ("The weir held. ".repeat(90), "The bridge did not. ".repeat(90));
        let whole = one.clone() + &two;
        let packed = gzip(one.as_bytes());
        let both = [&packed[..], &gzip(two.as_bytes())].concat();
        let mut bad_sum = packed.clone();
        *bad_sum.last_mut().unwrap() ^= 1;
        let sizes = [1, 2, 7, packed.len() - 8, packed.len() - 1, packed.len(), both.len()];
        for size in sizes {
            let check = |packed: &[u8], expected: Result<&str, &'static str>| {
                assert_eq!(read(packed, size, 1 << 20), expected.map(str::to_owned), "{size}");
            };
            check(&both, Ok(&whole));
            check(&[&both[..], &[0; 99]].concat(), Ok(&whole));
            check(&[&gzip(b"").repeat(99)[..], &both].concat(), Ok(&whole));
            check(b"", Ok(""));
            check(b"no gzip at all", Err("broken"));
            check(&bad_sum, Err("broken"));
            for end in [1, 9, packed.len() / 2, packed.len() - 8, packed.len() - 1] {
                check(&packed[..end], Err("short"));
                check(&[&packed[..], &packed[..end]].concat(), Err("short"));
            }
        }
        assert_eq!(read(&both, 64, whole.len()), Ok(whole.clone()));
        assert_eq!(read(&both, 64, whole.len() - 1), Err("full"));
    }

    #[test]
    fn what_does_not_fit_is_cut_at_the_bound() {
        for gzip_it in [true, false] {
            let text = "0123456789".repeat(9000);
            let sent = if gzip_it { gzip(text.as_bytes()) } else { text.clone().into_bytes() };
            let mut body = Body::new(gzip_it, sent.len(), 55);
            assert!(matches!(body.push(&sent), Err(Stop::Full)));
            assert_eq!(body.bytes(), &text.as_bytes()[..55]);
            assert_eq!(body.cut(), text.as_bytes()[..55]);
        }
    }
}
