//! Live texts to bytes a text: what the tables may come to, and what the system has handed out.

use copytaster::cluster::{Batch, Clusterer, Index, Params, prepare};
use copytaster::model::{Article, Timestamp};

use crate::measure::resident_bytes;
use crate::peer::Gaoya;

/// Bytes a live text.
pub(crate) struct Bytes {
    pub(crate) what: &'static str,
    /// The ceiling, where there is one.
    pub(crate) at_most: Option<usize>,
    /// Growth of the process, divided by the texts taken in.
    pub(crate) resident: usize,
}

/// Measures with `live` texts. Run it before anything else: memory that was freed is taken again without growth.
pub(crate) fn bytes(live: u32, texts: impl Fn(u64) -> Option<Article>) -> Vec<Bytes> {
    let texts = || (0..live).map_while(|number| Some((number, texts(u64::from(number))?)));
    let (mut index, mut gaoya) = (Index::with_capacity(live as usize), Gaoya::new());
    let params = Params { live_max: live, ..Params::default() };
    let mut batch = Batch::new(params);
    let growth = |work: &mut dyn FnMut()| {
        let before = resident_bytes();
        work();
        resident_bytes().saturating_sub(before) / live as usize
    };
    let of_index = growth(&mut || {
        for (number, article) in texts() {
            index.insert(number, &prepare(&article.title, &article.text, &[]));
        }
    });
    let of_gaoya = growth(&mut || {
        for (number, article) in texts() {
            gaoya.query_and_insert(number, &article.text);
        }
    });
    let of_batch = growth(&mut || {
        for (number, article) in texts() {
            batch.push(article, Timestamp::from_secs(i64::from(number)));
        }
    });
    let ceiling = |bytes: usize| Some(bytes / live as usize);
    vec![
        Bytes {
            what: "bands and containment (Index)",
            at_most: ceiling(index.bytes_max()),
            resident: of_index,
        },
        Bytes {
            what: "the fold with its texts (Batch); ceiling: its tables",
            at_most: ceiling(Clusterer::new(params).index_bytes_max()),
            resident: of_batch,
        },
        Bytes { what: "gaoya: signatures and bands", at_most: None, resident: of_gaoya },
    ]
}
