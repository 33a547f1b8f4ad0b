//! A share of the seeds that CI runs, and what keeps the simulation itself honest.

use std::path::Path;

use astrolabe_sim::planted::PLANTED;
use astrolabe_sim::run;
use astrolabe_sim::scenario::Scenario;
use astrolabe_sim::shrink::shortest;
use astrolabe_sim::step::steps_of;

fn hold(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let steps = steps_of(seed, 150);
        if let Err(failure) = run::run(&Scenario::of(seed), &steps) {
            let (kept, _) = shortest(&Scenario::of(seed), &steps, &failure);
            panic!("seed {seed}: {failure:?}; cargo xtask sim --seed {seed} --keep {kept:?}");
        }
    }
}

#[test]
fn seeds_hold_in_memory() {
    hold(0..24);
}

#[test]
fn a_seed_holds_on_the_real_store_with_two_merchants() {
    assert!(Scenario::of(24).on_disk && Scenario::of(24).merchants.len() == 2);
    hold(24..25);
}

#[test]
fn the_same_seed_is_the_same_run() {
    let said = |seed| run::tell(&Scenario::of(seed), &steps_of(seed, 80)).1;
    assert_eq!(said(7), said(7));
    assert_ne!(said(7), said(8));
}

#[test]
fn any_step_can_be_left_out() {
    let steps = steps_of(3, 60);
    let some: Vec<_> = steps.iter().enumerate().filter(|(at, _)| at % 3 != 0).map(|(_, step)| *step).collect();
    run::run(&Scenario::of(3), &some).unwrap();
}

#[test]
fn every_planted_bug_still_has_its_place() {
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("../astrolabe-core");
    for planted in PLANTED {
        assert_ne!(planted.text, planted.becomes);
        planted.plant(&core).unwrap();
    }
}
