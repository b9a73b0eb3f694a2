//! Simulated companies: histories from seeds, with what must hold checked after every step.
//!
//! `DOCKET_SEEDS` asks for more histories than those of every change; a failure prints the seed and how to replay it.

#[cfg(feature = "sabotage")]
mod sabotage;

use std::sync::atomic::{AtomicU64, Ordering};

use docket_harness::simulation::faults::Fault;
use docket_harness::simulation::{Action, Coverage, Kind, play, run, tell};

/// Histories of every change.
const SEEDS: u64 = 300;
/// Threads that play them.
const THREADS: usize = 2;

/// Kinds of facts that no history states, each with the reason. The list is exact: a kind that is stated from now on
/// must leave it, and one that is stated no more is noticed.
const NEVER_STATED: &[(&str, &str)] = &[("issue_block", NUMBERS)];
/// Blocks of numbers are records that devices get; no command states the kind.
const NUMBERS: &str = "blocks are given by a reference record";

/// Pairs that the histories of every change meet at least: most of the table.
const PAIRS_MIN: usize = 45;

/// Seeds that once broke a rule.
const REGRESSIONS: &[u64] = &[
    // A disk that was rolled back counted starts anew and reused an actor.
    41, //
    // Facts for orders that an office had lost were refused, not held until the orders came back.
    52, 71, 188, //
    // What a receipt covered was judged again, by a clock that had gone back.
    58, //
    // Reference records that the office lost made every later comparison of digests fail.
    91, //
    // Two starts from one disk at one time of the clock were one actor.
    101, 494, //
    // An order that came before its phone had given back what the office lost kept one receipt of two.
    299, //
    // A fact acknowledged after its order had been sealed made a second, empty order of it.
    2, 44, 360, //
    // A refused fact of an order that was only sealed could not be looked at.
    461, //
    // An office with a full disk answered as if it had failed.
    354,
];

/// Histories that once broke a rule, each the shortest that did: they stay what they are when schedules change.
const HISTORIES: &[(u64, &[Action])] = &[
    // An order that a technician began on site was in nobody's scope.
    (2, &[Action { kind: Kind::Work, phone: 2, luck: 6_203_239_151_577_652_755 }]),
    // His next fact on it was out of scope.
    (
        7,
        &[
            Action { kind: Kind::Work, phone: 0, luck: 11_835_676_605_595_738_121 },
            Action { kind: Kind::Step, phone: 0, luck: 15_030_323_109_178_628_139 },
            Action { kind: Kind::WorkOnPage, phone: 6, luck: 16_432_547_632_249_238_821 },
            Action { kind: Kind::Work, phone: 0, luck: 2_364_339_146_820_425_483 },
        ],
    ),
    // An order that began ahead of the office's clock could not be let in.
    (
        27,
        &[
            Action { kind: Kind::Work, phone: 9, luck: 431_582_967_845_772_142 },
            Action { kind: Kind::Fault(Fault::OfficeClockDays), phone: 9, luck: 17_785_846_251_112_218_549 },
            Action { kind: Kind::Sync, phone: 9, luck: 1 },
            Action { kind: Kind::React, phone: 9, luck: 2 },
        ],
    ),
    // Two restores gave two orders one suffixed number.
    (
        233,
        &[
            Action { kind: Kind::Fault(Fault::OfficeRestore), phone: 10, luck: 18_221_820_070_030_386_140 },
            Action { kind: Kind::React, phone: 9, luck: 10_129_767_507_467_029_560 },
            Action { kind: Kind::Sync, phone: 2, luck: 16_909_737_569_660_528_404 },
            Action { kind: Kind::Fault(Fault::OfficeRestore), phone: 6, luck: 15_361_911_592_775_440_334 },
        ],
    ),
    // A full disk that had been rolled back answered as if it had failed.
    (
        285,
        &[
            Action { kind: Kind::Fault(Fault::Reassigned), phone: 0, luck: 2_935_615_230_003_079_137 },
            Action { kind: Kind::Fault(Fault::FullDisk), phone: 8, luck: 439_732_644_169_973_224 },
            Action { kind: Kind::Step, phone: 3, luck: 632_559_727_125_549_273 },
            Action { kind: Kind::Fault(Fault::OfficeRollback), phone: 7, luck: 8_704_261_566_153_845_890 },
            Action { kind: Kind::Sync, phone: 6, luck: 13_621_027_126_964_296_174 },
        ],
    ),
    // A phone without an order kept a revocation that the office had lost to itself.
    (
        1_077,
        &[
            Action { kind: Kind::Fault(Fault::Revoked), phone: 4, luck: 10_055_642_011_667_786_507 },
            Action { kind: Kind::Sync, phone: 2, luck: 18_347_129_097_722_944_110 },
            Action { kind: Kind::Fault(Fault::OfficeRollback), phone: 8, luck: 7_229_222_025_498_730_789 },
        ],
    ),
    // Equal by chance before the phone had given everything back, it counted the difference that followed.
    (
        900,
        &[
            Action { kind: Kind::Call, phone: 11, luck: 5918358226499973615 },
            Action { kind: Kind::Work, phone: 4, luck: 1370389142796367222 },
            Action { kind: Kind::Work, phone: 1, luck: 17188433390202546819 },
            Action { kind: Kind::Work, phone: 10, luck: 496987252477055142 },
            Action { kind: Kind::Live, phone: 1, luck: 7423245417824761252 },
            Action { kind: Kind::Desk, phone: 4, luck: 10744452475135391157 },
            Action { kind: Kind::Fault(Fault::OfficeClockYears), phone: 4, luck: 9783748803957708351 },
            Action { kind: Kind::Days, phone: 10, luck: 15756709208635959388 },
            Action { kind: Kind::Fault(Fault::OfficeRestore), phone: 4, luck: 12886324715562969706 },
        ],
    ),
    (
        299,
        &[
            Action { kind: Kind::React, phone: 9, luck: 14438654696826033490 },
            Action { kind: Kind::Desk, phone: 0, luck: 8213036399038866294 },
            Action { kind: Kind::Sync, phone: 6, luck: 14373185692334270557 },
            Action { kind: Kind::Work, phone: 9, luck: 5967846482220305317 },
            Action { kind: Kind::Live, phone: 0, luck: 9691196852395014325 },
            Action { kind: Kind::Days, phone: 3, luck: 3617343882812952076 },
            Action { kind: Kind::Fault(Fault::OfficeRestore), phone: 11, luck: 4133992432289820417 },
        ],
    ),
    // An upgrade of the program took the blocks of numbers away.
    (
        10,
        &[
            Action { kind: Kind::Work, phone: 0, luck: 12674102669809466138 },
            Action { kind: Kind::Work, phone: 6, luck: 13168683119698237136 },
            Action { kind: Kind::Fault(Fault::OlderServer), phone: 7, luck: 2001215651416536861 },
        ],
    ),
    // Goods that one person took twice were a conflict of one.
    (
        906,
        &[
            Action { kind: Kind::Work, phone: 2, luck: 4010164430230648753 },
            Action { kind: Kind::Work, phone: 7, luck: 9719987846174415388 },
            Action { kind: Kind::Work, phone: 4, luck: 7015390818568311103 },
            Action { kind: Kind::Work, phone: 5, luck: 3866506078554564984 },
            Action { kind: Kind::Work, phone: 5, luck: 1924816457702743813 },
            Action { kind: Kind::Open, phone: 11, luck: 2854955926555461433 },
            Action { kind: Kind::WorkOnPage, phone: 11, luck: 11366216362437251628 },
            Action { kind: Kind::Work, phone: 10, luck: 10179672587226622591 },
            Action { kind: Kind::Live, phone: 10, luck: 5570207699070379343 },
            Action { kind: Kind::Work, phone: 7, luck: 12836706864963575114 },
            Action { kind: Kind::Sync, phone: 2, luck: 11288008830525016414 },
            Action { kind: Kind::Work, phone: 8, luck: 8179701445440753613 },
            Action { kind: Kind::Work, phone: 11, luck: 9366519063197846167 },
            Action { kind: Kind::Work, phone: 5, luck: 994279258416264839 },
            Action { kind: Kind::Work, phone: 11, luck: 15871114537580305280 },
        ],
    ),
    // Goods that a colleague held had two holders when somebody took them, and knew it.
    (
        2656,
        &[
            Action { kind: Kind::Live, phone: 9, luck: 12728437694682961480 },
            Action { kind: Kind::Work, phone: 8, luck: 1783954110129699271 },
            Action { kind: Kind::Live, phone: 9, luck: 14395258018677919432 },
            Action { kind: Kind::Work, phone: 8, luck: 7018847826229612125 },
            Action { kind: Kind::Work, phone: 11, luck: 13955617670201346675 },
            Action { kind: Kind::Step, phone: 8, luck: 9521604440323111796 },
            Action { kind: Kind::Work, phone: 6, luck: 7864761601796141322 },
            Action { kind: Kind::Step, phone: 9, luck: 883595167915971532 },
            Action { kind: Kind::Work, phone: 9, luck: 17166428981359629546 },
            Action { kind: Kind::Work, phone: 3, luck: 4460612915702343552 },
            Action { kind: Kind::Work, phone: 6, luck: 390821435299041042 },
            Action { kind: Kind::Work, phone: 9, luck: 9189503589295568975 },
            Action { kind: Kind::Work, phone: 6, luck: 14563537420217765744 },
        ],
    ),
];

#[test]
fn many_histories_keep_every_promise() {
    let seeds = std::env::var("DOCKET_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS);
    let next = AtomicU64::new(0);
    let play = || {
        let mut coverage = Coverage::default();
        let mut failures = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::SeqCst);
            if seed >= seeds {
                return (coverage, failures);
            }
            let outcome = run(seed);
            coverage.add(&outcome.coverage);
            failures.extend(outcome.failure.map(|failure| tell(seed, &failure)));
        }
    };
    let (mut coverage, mut failures) = (Coverage::default(), Vec::new());
    std::thread::scope(|scope| {
        let players: Vec<_> = (0..THREADS).map(|_| scope.spawn(play)).collect();
        for player in players {
            let (part, failed) = player.join().unwrap();
            coverage.add(&part);
            failures.extend(failed);
        }
    });
    println!("{coverage}");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(coverage.faults_never_drawn(), Vec::<&str>::new(), "a fault never drawn is a defect of the simulator");
    let never: Vec<&str> = NEVER_STATED.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(coverage.kinds_never_drawn(), never, "a kind of fact that nobody states is not tested");
    assert!(coverage.pairs.len() >= PAIRS_MIN, "{:?}", coverage.pairs.keys());
    assert!(coverage.live.1 > 0, "nobody was told on a live session");
}

#[test]
fn what_once_failed_does_not_fail_again() {
    let failures: Vec<String> =
        REGRESSIONS.iter().filter_map(|seed| run(*seed).failure.map(|failure| tell(*seed, &failure))).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    for (seed, actions) in HISTORIES {
        assert_eq!(play(*seed, actions).failure, None, "{actions:#?} in the company of seed {seed}");
    }
}

#[test]
fn the_same_seed_gives_the_same_trace_in_one_process() {
    for seed in [0, 7, 13] {
        assert_eq!(run(seed).trace, run(seed).trace, "seed {seed}");
    }
}

#[test]
fn the_same_seed_gives_the_same_trace_in_another_process() {
    let program = docket_harness::process::binary("docket-simulate").unwrap();
    let output = std::process::Command::new(program).args(["--seed", "7", "--trace"]).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let trace = format!("trace {}", run(7).trace);
    assert!(told.lines().any(|line| line == trace), "{trace} is not in: {told}");
}
