//! Rows in blocks against a plain map, whatever is written in whatever order.

use proptest::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use super::*;
use crate::store::rows::ROW_BYTES_MAX;

/// Tags whose blocks are filled to different sizes, and the last of them is not derived.
const TAGS: [u8; 4] = [keys::NAME, keys::SET, keys::EVENT, keys::FINDABLE];

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Clone, Debug)]
enum Step {
    /// Keys by number, and the size of each row; none where it goes.
    Hold(Vec<(u16, Option<usize>)>),
    /// All keys of a stretch.
    Drop(u16, u16),
    Write,
    Pour(Vec<(u16, Option<usize>)>),
    Reopen,
}

fn key(number: u16) -> Vec<u8> {
    let tag = TAGS[usize::from(number) % TAGS.len()];
    // Some long, and in stretches that share much.
    let length = if number.is_multiple_of(50) { 250 } else { 8 };
    let mut key = vec![0; length];
    key[length - 2..].copy_from_slice(&number.to_be_bytes());
    key.insert(0, tag);
    key
}

fn row(number: u16, size: usize) -> Vec<u8> {
    let seed = xxh3_64(&[number.to_be_bytes(), (size as u16).to_be_bytes()].concat());
    seed.to_be_bytes().into_iter().cycle().take(size).collect()
}

fn drafted(changes: &[(u16, Option<usize>)], model: &mut Model) -> Sheet {
    let mut drafted = Sheet::default();
    for &(number, size) in changes {
        let (key, row) = (key(number), size.map(|size| row(number, size)));
        match &row {
            Some(row) => model.insert(key.clone(), row.clone()),
            None => model.remove(&key),
        };
        match row {
            Some(row) => drafted.put_bytes(&key, &row).unwrap(),
            None => drafted.remove(&key),
        }
    }
    drafted
}

fn tree(dir: &std::path::Path) -> sled::Db {
    let opened = (0..1_000_000).map(|_| sled::open(dir));
    opened.inspect(|_| thread::yield_now()).find_map(Result::ok).unwrap()
}

/// Everything that is read is what the model has.
fn check_reads(packed: &Packed, model: &Model, around: &[u16]) {
    for tag in TAGS {
        let (low, high) = (vec![tag], vec![tag + 1]);
        let expected: Vec<_> = model.range(low.clone()..high.clone()).collect();
        for direction in [Direction::Newer, Direction::Older] {
            let found = packed.scan(low.clone(), high.clone(), direction);
            let mut found: Vec<_> = found.map(Result::unwrap).collect();
            if direction == Direction::Older {
                found.reverse();
            }
            assert!(found.iter().map(|(key, row)| (key, row)).eq(expected.iter().copied()));
        }
    }
    for pair in around.windows(2) {
        let (one, other) = (key(pair[0]), key(pair[1]));
        assert_eq!(packed.get(&one).unwrap(), model.get(&one).cloned());
        if one[0] == other[0] && one < other {
            let found = packed.scan(one.clone(), other.clone(), Direction::Older);
            let found: Vec<_> = found.map(Result::unwrap).collect();
            let expected = model.range(one..other).rev();
            assert!(found.iter().map(|(key, row)| (key, row)).eq(expected));
        }
    }
}

/// What lies in sled: blocks of one tag within their bounds, whose rows add up to the meta row and are the model's.
fn check_blocks(packed: &Packed, meta: Meta, model: &Model) {
    let (mut found, mut all, mut last) = (Meta::default(), Model::new(), Vec::new());
    for row in packed.bare().range([1]..) {
        let (block, bytes) = row.unwrap();
        assert!(bytes.len() <= ROW_BYTES_MAX && *block > *last, "blocks lie apart");
        for (key, row) in block::read(&block, &bytes).unwrap() {
            assert_eq!(key[0], block[0]);
            found.exchange(&key, None, Some(&row)).unwrap();
            last.clone_from(&key);
            all.insert(key, row);
        }
    }
    assert_eq!(&all, model);
    assert_eq!((found.digest, found.rows), (meta.digest, meta.rows));
    let stored = packed.bare().get(keys::meta()).unwrap();
    let stored = stored.map(|bytes| rows::unseal::<Meta>(&keys::meta(), &bytes).unwrap());
    assert_eq!(stored.unwrap_or_default(), meta);
}

fn changes() -> impl Strategy<Value = Vec<(u16, Option<usize>)>> {
    let size = prop_oneof![3 => (0_usize..60).prop_map(Some), 1 => (300_usize..2_000).prop_map(Some),
        1 => Just(Some(7_500)), 2 => Just(None)];
    let here = (0_u16..1_000, prop::collection::vec((0_u16..200, size), 1..80));
    // Neighbours, as most of what comes at once are.
    here.prop_map(|(from, changes)| {
        changes.into_iter().map(|(at, size)| (from + at, size)).collect()
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => changes().prop_map(Step::Hold),
        1 => (0_u16..1_200, 0_u16..300).prop_map(|(from, count)| Step::Drop(from, count)),
        3 => Just(Step::Write),
        2 => changes().prop_map(Step::Pour),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_is_written_is_read_as_from_a_plain_map(steps in prop::collection::vec(step(), 1..24)) {
        let dir = tempfile::tempdir().unwrap();
        let mut packed = Packed::over(tree(dir.path()));
        let (mut model, mut meta) = (Model::new(), Meta::default());
        for step in steps {
            let mut around = Vec::new();
            match step {
                Step::Hold(changes) => {
                    packed.hold(&drafted(&changes, &mut model));
                    around.extend(changes.iter().map(|(number, _)| *number));
                }
                Step::Drop(from, count) => {
                    let gone: Vec<_> = (from..from + count).map(|number| (number, None)).collect();
                    packed.hold(&drafted(&gone, &mut model));
                }
                Step::Write => meta = packed.write_held(meta).unwrap(),
                Step::Pour(changes) => {
                    meta = packed.write_held(meta).unwrap();
                    meta = packed.pour(&drafted(&changes, &mut model), meta).unwrap();
                }
                Step::Reopen => {
                    meta = packed.write_held(meta).unwrap();
                    drop(packed);
                    packed = Packed::over(tree(dir.path()));
                }
            }
            check_reads(&packed, &model, &around);
        }
        meta = packed.write_held(meta).unwrap();
        check_reads(&packed, &model, &[]);
        check_blocks(&packed, meta, &model);
    }
}

#[test]
fn rows_that_are_added_at_the_end_leave_full_blocks_and_scattered_ones_room() {
    let dir = tempfile::tempdir().unwrap();
    let packed = Packed::over(tree(dir.path()));
    let blocks = |tag: u8| packed.bare().scan_prefix([tag]).count();
    let mut meta = Meta::default();
    let mut hold = |numbers: &mut dyn Iterator<Item = u64>, tag| {
        for number in numbers {
            let mut one = Sheet::default();
            let key = [&[tag][..], &number.to_be_bytes()].concat();
            one.put_bytes(&key, &[7; 20]).unwrap();
            packed.hold(&one);
            meta = packed.write_held(meta).unwrap();
        }
    };
    hold(&mut (0..1_000), keys::CLUSTER);
    let full = blocks(keys::CLUSTER);
    hold(&mut (0..1_000).map(|number: u64| number * 377 % 1_000), keys::SET);
    let scattered = blocks(keys::SET);
    assert!(full >= 20 && scattered >= full && scattered <= 2 * full, "{full}, {scattered}");
    for number in 0..1_000_u64 {
        let mut gone = Sheet::default();
        gone.remove(&[&[keys::SET][..], &(number * 377 % 1_000).to_be_bytes()].concat());
        packed.hold(&gone);
        if number.is_multiple_of(10) {
            meta = packed.write_held(meta).unwrap();
        }
        if number == 900 {
            assert!(blocks(keys::SET) <= scattered / 2, "blocks that grew empty join");
        }
    }
    packed.write_held(meta).unwrap();
    assert_eq!(blocks(keys::SET), 0);
}

#[test]
fn damage_to_a_block_is_an_error_unless_what_it_holds_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let packed = Packed::over(tree(dir.path()));
    let mut all = Sheet::default();
    for tag in [keys::SET, keys::FINDABLE] {
        all.put_bytes(&[tag, 5], &[1, 2, 3]).unwrap();
    }
    packed.hold(&all);
    let meta = packed.write_held(Meta::default()).unwrap();
    for tag in [keys::SET, keys::FINDABLE] {
        let (key, bytes) = packed.bare().scan_prefix([tag]).next().unwrap().unwrap();
        let mut bytes = bytes.to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        packed.bare().insert(key, bytes).unwrap();
    }
    let all = |tag: u8| packed.scan_prefix(vec![tag]).collect::<Result<Vec<_>, _>>();
    assert!(packed.get(&[keys::SET, 5]).unwrap_err().is_damage());
    assert!(all(keys::SET).unwrap_err().is_damage());
    assert_eq!(all(keys::FINDABLE).unwrap(), []);
    let held = |key: [u8; 2]| {
        let mut one = Sheet::default();
        one.put_bytes(&key, &[4]).unwrap();
        packed.hold(&one);
        packed.write_held(meta)
    };
    held([keys::FINDABLE, 6]).unwrap();
    assert_eq!(all(keys::FINDABLE).unwrap(), [(vec![keys::FINDABLE, 6], vec![4])]);
    assert!(held([keys::SET, 6]).unwrap_err().is_damage());
}
