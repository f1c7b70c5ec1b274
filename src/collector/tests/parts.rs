//! Parts of a stream, folded apart and put together.

use super::any::any_event;
use super::*;
use crate::collector::fold::{Fold, Hosts};
use crate::collector::partial::PartialFold;

/// Records of some runs of some targets, with names and without, in any order.
fn any_records() -> impl Strategy<Value = Vec<Observation>> {
    let names = prop::option::of((0_u8..2, 0_u8..3));
    let one = (-100_i64..10_000, any_event(), names, 0_u64..3).prop_map(|(at, event, names, lost)| {
        let event = match (event, names) {
            (Event::Start(_), Some((target, run))) => {
                Event::Start(Box::new(start_of(&format!("t{target}"), "h", &format!("{target}-{run}"))))
            }
            (event, _) => event,
        };
        let record = Observation { records_lost: lost, ..record(0, at, event) };
        match names {
            Some((target, run)) => named(&format!("t{target}"), &format!("{target}-{run}"), record),
            None => record,
        }
    });
    prop::collection::vec(one, 0..120)
}

/// All that is known of all targets.
fn known(fold: &Fold) -> Vec<(Metrics, Vec<String>)> {
    [Liveness::Live, Liveness::Over]
        .into_iter()
        .filter_map(|liveness| Some((fold.latest(liveness)?.metrics(liveness), fold.others(liveness))))
        .collect()
}

fn part(window: Window, records: &[Observation]) -> PartialFold {
    let mut part = PartialFold::new(window);
    records.iter().cloned().for_each(|record| part.record(record));
    part
}

proptest! {
    #[test]
    fn parts_that_are_cut_anywhere_come_to_the_numbers_of_the_whole(
        records in any_records(), cuts in prop::collection::vec(0_usize..120, 0..6), since in 0_i64..10_000,
    ) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(records.len())).collect();
        cuts.extend([0, records.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[Observation]> = cuts.windows(2).map(|pair| &records[pair[0]..pair[1]]).collect();
        let narrow = Window { since: Some(wall(since)), until: Some(wall(since + 3000)) };
        for window in [Window::default(), narrow] {
            let mut whole = Fold::new(window, 5, Hosts::Apart);
            for record in &records {
                whole.record(record);
            }
            let mut one_by_one = Fold::new(window, 5, Hosts::Apart);
            let mut all = PartialFold::new(window);
            for piece in &pieces {
                one_by_one.append(part(window, piece));
                all.append(part(window, piece));
            }
            let mut at_once = Fold::new(window, 5, Hosts::Apart);
            at_once.append(all);
            prop_assert_eq!(known(&one_by_one), known(&whole));
            prop_assert_eq!(known(&at_once), known(&whole));
        }
    }
}
