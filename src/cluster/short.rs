//! Items of a few words to the story they announce: by words weighed by rarity, since so few words have no runs to compare.
//!
//! An alert comes minutes before its story. So an item waits, three hours at the most, and the first story that holds enough
//! of it takes it. What is enough grows with the time between the two: alerts that match by chance do so at any distance.

use std::collections::VecDeque;

use super::Row;
use super::compared::Compared;
use super::frozen::{In, Out};
use super::meeting::{find, table};
use crate::model::Timestamp;
use crate::text::{self, Kind, Tokens};

/// Words of headline an item needs: fewer say nothing.
const ITEM_WORDS_MIN: usize = 4;

/// Words of a body that are looked at: what an alert says stands high in its story.
const STORY_WORDS_MAX: usize = 400;

/// Distinct words that are kept of one text.
const WORDS_MAX: usize = 512;

/// How long an item waits for its story, in milliseconds.
const WAIT_MILLIS: u64 = 3 * 3_600_000;

/// How far an item looks back: a story may come in just before the alert on it.
const LOOK_BACK_MILLIS: u64 = 5 * 60_000;

/// Items that wait, and stories whose words are counted, at most.
pub const KEPT_MAX: usize = 4096;

/// Counters of words; two words may share one, which makes either look a little less rare.
const COUNTERS: usize = 1 << 16;

/// Share of an item's weight that a story must hold, in hundredths.
const NEED: u64 = 60;

/// More of it where a number of the item is not in the story.
const NEED_WITHOUT_NUMBER: u64 = 20;

/// More by one hundredth for each so many milliseconds beyond the first half hour.
const NEED_STEP_MILLIS: u64 = 180_000;

/// The time in which nothing more is needed.
const FREE_MILLIS: u64 = 30 * 60_000;

/// Weight that must be found, in sixteenths of a bit: 16 bits single out one story of 65,536.
const WEIGHT_MIN: u64 = 256;

/// A word weighs no more than this, in sixteenths of a bit.
const WEIGHT_MAX: u32 = 192;

/// Of an item's rarest words, a story must hold two of four: what a list of postings would ask for first.
const RAREST: usize = 4;
const RAREST_HELD_MIN: usize = 2;

/// What the short path looks at: of an item its headline, of a story its headline and the beginning of its body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShortText {
    /// Hashes of the distinct words, numbers among them.
    pub words: Vec<u64>,
    /// True for an item of a headline and hardly a body.
    pub is_item: bool,
}

impl ShortText {
    pub(super) fn of(title: &Tokens, compared: &Compared) -> Self {
        let mut words = spoken(&title.words);
        words.extend(title.numbers.iter().map(|&number| as_figure(number)));
        let is_item = !compared.has_body();
        if is_item && words.len() < ITEM_WORDS_MIN {
            return Self::default();
        }
        if !is_item {
            let body = &compared.words[..compared.words.len().min(STORY_WORDS_MAX)];
            words.extend(spoken(body));
            words.extend(compared.numbers.iter().map(|&number| as_figure(number)));
        }
        super::meeting::distinct(&mut words);
        words.truncate(WORDS_MAX);
        Self { words, is_item }
    }
}

/// The words that are no figures; pairs of neighbours in scripts without spaces.
fn spoken(words: &[u64]) -> Vec<u64> {
    let mut out = Vec::with_capacity(words.len());
    let mut before = None;
    for &word in words {
        let kind = Kind::of(word);
        if matches!(kind, Kind::Plain | Kind::Content) {
            out.push(word);
        }
        let alone = (kind == Kind::Alone).then_some(word);
        if let (Some(before), Some(word)) = (before, alone) {
            out.push(text::folded(before, word) & !3);
        }
        before = alone;
    }
    out
}

/// A number among words: its lowest bits say what it is.
const fn as_figure(number: u64) -> u64 {
    number | Kind::Figure as u64
}

/// Stands for a version that is gone.
const GONE: u32 = u32::MAX;

#[derive(Clone, Debug)]
struct Kept {
    number: u32,
    seen_at: Timestamp,
    words: Vec<u64>,
}

/// The items that wait, the newest stories, and how often their words occur.
#[derive(Clone, Debug, Default)]
pub(super) struct Shorts {
    items: VecDeque<Kept>,
    stories: VecDeque<Kept>,
    /// Stories kept that hold a word of this counter.
    counters: Vec<u32>,
}

/// A story that holds an item: whose link, and how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    /// The older of the two.
    pub(super) number: u32,
    /// Words of the item that the story has.
    pub(super) found: u32,
    /// Words of the item, of the story.
    pub(super) item: u32,
    pub(super) story: u32,
}

impl Shorts {
    /// Lets a version be found. What is kept is a function of the newest items and stories alone, so a restart that makes
    /// them ready again judges as before.
    pub(super) fn admit(&mut self, number: u32, seen_at: Timestamp, text: &ShortText) {
        if text.words.is_empty() {
            return;
        }
        let kept = Kept { number, seen_at, words: text.words.clone() };
        if text.is_item {
            self.items.push_back(kept);
            if self.items.len() > KEPT_MAX {
                self.items.pop_front();
            }
            return;
        }
        if self.counters.is_empty() {
            self.counters = vec![0; COUNTERS];
        }
        for &word in &kept.words {
            self.counters[counter(word)] += 1;
        }
        self.stories.push_back(kept);
        if self.stories.len() > KEPT_MAX
            && let Some(oldest) = self.stories.pop_front()
        {
            for &word in &oldest.words {
                self.counters[counter(word)] -= 1;
            }
        }
    }

    /// Versions have other numbers now. Items that have none wait no longer; stories go on to say how common words are, and are
    /// too old to be found.
    pub(super) fn renumber(&mut self, new: impl Fn(u32) -> Option<u32>) {
        for story in &mut self.stories {
            story.number = new(story.number).unwrap_or(GONE);
        }
        self.items.retain_mut(|item| {
            let number = new(item.number);
            item.number = number.unwrap_or(0);
            number.is_some()
        });
    }

    pub(super) fn freeze(&self, out: &mut Out) {
        for kept in [&self.items, &self.stories] {
            out.numbers(kept.iter().map(|kept| kept.number.wrapping_add(1)));
            for kept in kept {
                out.count(kept.words.len());
                kept.words.iter().for_each(|&word| out.word(word));
            }
        }
    }

    /// What was kept; the counters follow from it.
    pub(super) fn thaw(read: &mut In<'_>, rows: &[Row]) -> Option<Self> {
        let mut shorts = Self::default();
        for is_item in [true, false] {
            let numbers = read.numbers(rows.len() + 1)?;
            (numbers.len() <= KEPT_MAX).then_some(())?;
            for number in numbers {
                let words: Vec<u64> =
                    (0..read.count()?).map(|_| read.word()).collect::<Option<_>>()?;
                (!words.is_empty() && words.len() <= WORDS_MAX).then_some(())?;
                // What is gone is too old to be found.
                let row =
                    number.checked_sub(1).map(|number| (number, rows[number as usize].seen_at));
                let (number, seen_at) = row.unwrap_or((GONE, Timestamp::EPOCH));
                shorts.admit(number, seen_at, &ShortText { words, is_item });
            }
        }
        Some(shorts)
    }

    /// The older versions a newcomer is tied to: for an item the story that holds most of it, for a story all waiting items it
    /// holds. `skip` tells items that have their story, and stories that are none but round-ups.
    pub(super) fn near(
        &self,
        text: &ShortText,
        seen_at: Timestamp,
        skip: impl Fn(u32) -> bool,
    ) -> Vec<Held> {
        if text.words.is_empty() {
            return Vec::new();
        }
        if text.is_item {
            self.story_for(text, seen_at, skip).into_iter().collect()
        } else {
            self.items_of(text, seen_at, skip)
        }
    }

    fn story_for(
        &self,
        item: &ShortText,
        seen_at: Timestamp,
        skip: impl Fn(u32) -> bool,
    ) -> Option<Held> {
        let recent = self.stories.iter().rev().take_while(|story| {
            story.seen_at <= seen_at && story.seen_at.distance_millis(seen_at) <= LOOK_BACK_MILLIS
        });
        // The most weight; of equals the newest, which comes first.
        let mut best: Option<(u64, Held)> = None;
        let known = recent.filter(|story| story.number != GONE);
        for story in known.filter(|story| !skip(story.number)) {
            let slots = table(&mut story.words.iter().copied(), story.words.len());
            let Some((weight, found)) = self.held_by(&item.words, &slots, 0) else { continue };
            if best.is_none_or(|(most, _)| weight > most) {
                best = Some((weight, held(story.number, found, &item.words, &story.words)));
            }
        }
        best.map(|(_, held)| held)
    }

    fn items_of(
        &self,
        story: &ShortText,
        seen_at: Timestamp,
        skip: impl Fn(u32) -> bool,
    ) -> Vec<Held> {
        let waiting = self.items.iter().rev().take_while(|item| {
            item.seen_at > seen_at || item.seen_at.distance_millis(seen_at) <= WAIT_MILLIS
        });
        let mut slots = Vec::new();
        let mut found = Vec::new();
        for item in waiting.filter(|item| item.seen_at <= seen_at) {
            if slots.is_empty() {
                slots = table(&mut story.words.iter().copied(), story.words.len());
            }
            // Most items have no word in common with the story: they need not be weighed.
            if item.words.iter().filter(|&&word| has(&slots, word)).count() < RAREST_HELD_MIN {
                continue;
            }
            let apart = item.seen_at.distance_millis(seen_at);
            if let Some((_, count)) = self.held_by(&item.words, &slots, apart)
                && !skip(item.number)
            {
                found.push(held(item.number, count, &item.words, &story.words));
            }
        }
        found
    }

    /// How rare a word is among the stories kept, in sixteenths of a bit.
    fn weight(&self, word: u64) -> u32 {
        let all = log2_sixteenths(self.stories.len() as u32 + 1);
        let count = self.counters.get(counter(word)).copied().unwrap_or(0);
        all.saturating_sub(log2_sixteenths(count + 1)).min(WEIGHT_MAX)
    }

    /// The weight and number of an item's words that a story has, where these are enough `apart` milliseconds from it.
    fn held_by(&self, item: &[u64], slots: &[u64], apart: u64) -> Option<(u64, u32)> {
        let mut rarest = Rarest::default();
        let (mut all, mut weight, mut count, mut need) = (0, 0, 0, NEED);
        let mut number_lacks = false;
        for &word in item {
            let (here, of_word) = (has(slots, word), self.weight(word));
            rarest.add(of_word, word, here);
            all += u64::from(of_word);
            weight += u64::from(of_word) * u64::from(here);
            count += u32::from(here);
            number_lacks |= !here && Kind::of(word) == Kind::Figure;
        }
        if number_lacks {
            need += NEED_WITHOUT_NUMBER;
        }
        need += apart.saturating_sub(FREE_MILLIS) / NEED_STEP_MILLIS;
        let enough = rarest.held() >= RAREST_HELD_MIN
            && all > 0
            && weight >= WEIGHT_MIN
            && weight * 100 >= all * need;
        enough.then_some((weight, count))
    }
}

fn has(slots: &[u64], word: u64) -> bool {
    find(slots, slots.len() - 1, word).is_ok()
}

/// The words of an item that weigh most, of equals those with the lesser hash; and whether the story has them.
#[derive(Default)]
struct Rarest(Vec<(std::cmp::Reverse<u32>, u64, bool)>);

impl Rarest {
    fn add(&mut self, weight: u32, word: u64, here: bool) {
        let entry = (std::cmp::Reverse(weight), word, here);
        let place = self.0.partition_point(|known| *known < entry);
        if place < RAREST {
            self.0.insert(place, entry);
            self.0.truncate(RAREST);
        }
    }

    fn held(&self) -> usize {
        self.0.iter().filter(|entry| entry.2).count()
    }
}

fn held(number: u32, found: u32, item: &[u64], story: &[u64]) -> Held {
    Held { number, found, item: item.len() as u32, story: story.len() as u32 }
}

const fn counter(word: u64) -> usize {
    (word >> 40) as usize % COUNTERS
}

/// 16 · log₂ of `x` ≥ 1, rounded down between the sixteenths of each octave.
fn log2_sixteenths(x: u32) -> u32 {
    // floor(16 · log₂(1 + n/16)).
    const WITHIN: [u32; 16] = [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 12, 13, 14, 15];
    let octave = x.ilog2();
    let fraction = if octave >= 4 { (x >> (octave - 4)) & 15 } else { (x << (4 - octave)) & 15 };
    16 * octave + WITHIN[fraction as usize]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::prepare;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_secs(minutes * 60)
    }

    fn item(title: &str) -> ShortText {
        prepare(title, "", &[]).short
    }

    /// Stories enough that words have a weight.
    fn news() -> Shorts {
        let mut shorts = Shorts::default();
        for story in 0..400 {
            let body: Vec<String> =
                (0..60).map(|word| format!("common{}", (word * 7 + story) % 90)).collect();
            let text = prepare("port news of the day", &body.join(" "), &[]).short;
            shorts.admit(story, at(-600), &text);
        }
        shorts
    }

    const ALERT: &str = "ORSK PORT TO REOPEN ON MAY 4, AUTHORITY SAYS";
    const STORY: &str = "The port authority of Orsk said it would reopen its locks on May 4, after the river had fallen and \
        the pilots had gone back to work";

    #[test]
    fn a_story_takes_the_alert_that_announced_it() {
        let mut shorts = news();
        shorts.admit(500, at(0), &item(ALERT));
        let story = prepare("Orsk port to reopen", STORY, &[]).short;
        let near = |minutes| shorts.near(&story, at(minutes), |_| false);
        assert_eq!(near(10).iter().map(|held| held.number).collect::<Vec<_>>(), [500]);
        assert_eq!(near(181), []);
        assert_eq!(shorts.near(&story, at(10), |number| number == 500), []);
    }

    #[test]
    fn another_date_is_another_story_unless_nearly_all_else_agrees() {
        let mut shorts = news();
        shorts.admit(
            500,
            at(0),
            &item("ORSK PORT REOPENS MAY 11, SHIPPING SOURCES IN ALDEN BELIEVE"),
        );
        let story = prepare("Orsk port to reopen", STORY, &[]).short;
        assert_eq!(shorts.near(&story, at(10), |_| false), []);
    }

    #[test]
    fn an_alert_finds_a_story_of_the_last_minutes() {
        let mut shorts = news();
        shorts.admit(500, at(0), &prepare("Orsk port to reopen", STORY, &[]).short);
        assert_eq!(shorts.near(&item(ALERT), at(4), |_| false).len(), 1);
        assert_eq!(shorts.near(&item(ALERT), at(6), |_| false), []);
    }

    #[test]
    fn in_the_first_hour_of_all_nothing_is_known_to_be_rare() {
        let mut shorts = Shorts::default();
        shorts.admit(1, at(0), &item(ALERT));
        let story = prepare("Orsk port to reopen", STORY, &[]).short;
        assert_eq!(shorts.near(&story, at(1), |_| false), []);
    }

    #[test]
    fn three_words_are_no_item() {
        assert_eq!(item("Port reopens soon"), ShortText::default());
        assert!(item("Port of Orsk reopens").is_item);
    }

    #[test]
    fn what_is_kept_is_bounded_and_counted_exactly() {
        let mut shorts = Shorts::default();
        let texts: Vec<ShortText> = (0..3)
            .map(|n| prepare("a title of words", &format!("word{n} ").repeat(20), &[]).short)
            .collect();
        for number in 0..(KEPT_MAX as u32 + 50) {
            shorts.admit(number, at(i64::from(number)), &texts[number as usize % 3]);
            shorts.admit(number, at(i64::from(number)), &item("an alert of words"));
        }
        assert_eq!((shorts.stories.len(), shorts.items.len()), (KEPT_MAX, KEPT_MAX));
        let counted: u32 = shorts.counters.iter().sum();
        let held: usize = shorts.stories.iter().map(|story| story.words.len()).sum();
        assert_eq!(counted as usize, held);
    }

    #[test]
    fn logarithms_are_sixteenths_of_a_bit() {
        for (x, expected) in
            [(1, 0), (2, 16), (3, 25), (4, 32), (1000, 159), (1024, 160), (65_536, 256)]
        {
            assert_eq!(log2_sixteenths(x), expected, "{x}");
        }
    }
}
