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
    // What stood behind the beginning of an order in a newer kind stayed refused after the upgrade.
    (
        2_318,
        &[
            Action { kind: Kind::Work, phone: 9, luck: 13_614_460_750_595_519_505 },
            Action { kind: Kind::Work, phone: 9, luck: 15_565_709_278_209_136_553 },
            Action { kind: Kind::Work, phone: 0, luck: 2_915_917_245_733_692_094 },
            Action { kind: Kind::Fault(Fault::OlderServer), phone: 11, luck: 4_304_832_592_743_333_681 },
            Action { kind: Kind::Sync, phone: 0, luck: 1_990_379_543_099_691_951 },
        ],
    ),
    // A phone stated something else under an actor whose facts it only had sealed, when the store had lost them.
    (
        3_007,
        &[
            Action { kind: Kind::Work, phone: 9, luck: 10_577_540_523_464_417_946 },
            Action { kind: Kind::Work, phone: 6, luck: 11_808_417_609_061_399_443 },
            Action { kind: Kind::Fault(Fault::LostAnswer), phone: 9, luck: 18_428_836_000_803_331_754 },
            Action { kind: Kind::Days, phone: 10, luck: 14_122_614_084_594_833_512 },
            Action { kind: Kind::Fault(Fault::OfficeRestore), phone: 0, luck: 14_387_166_051_756_196_168 },
            Action { kind: Kind::Live, phone: 0, luck: 11_351_687_612_911_727_054 },
            Action { kind: Kind::Step, phone: 9, luck: 8_446_931_483_425_656_140 },
            Action { kind: Kind::Fault(Fault::OfficeRollback), phone: 3, luck: 14_423_100_469_733_456_225 },
            Action { kind: Kind::Work, phone: 6, luck: 10_216_072_851_064_693_038 },
            Action { kind: Kind::Step, phone: 9, luck: 4_353_627_866_099_991_025 },
            Action { kind: Kind::Work, phone: 3, luck: 4_619_391_192_101_632_126 },
            Action { kind: Kind::Live, phone: 0, luck: 9_190_130_769_666_156_975 },
            Action { kind: Kind::Fault(Fault::OfficeRestore), phone: 11, luck: 9_204_638_713_335_054_748 },
        ],
    ),
    // A serial that came back while the office did not know its kind was given to another order.
    (
        3_918,
        &[
            Action { kind: Kind::Work, phone: 1, luck: 8_832_940_835_749_968_536 },
            Action { kind: Kind::Step, phone: 7, luck: 1_846_128_947_887_397_153 },
            Action { kind: Kind::Fault(Fault::OlderServer), phone: 10, luck: 8_245_524_994_305_460_712 },
            Action { kind: Kind::Fault(Fault::OfficeRollback), phone: 8, luck: 11_367_519_016_232_311_298 },
            Action { kind: Kind::Sync, phone: 10, luck: 2_637_472_070_181_356_145 },
            Action { kind: Kind::Call, phone: 1, luck: 17_221_169_459_376_971_427 },
        ],
    ),
    // What a colleague had of a phone that was restored together with the office was put aside and lost.
    (
        4_010,
        &[
            Action { kind: Kind::Fault(Fault::PhoneClone), phone: 2, luck: 9_877_562_588_163_289_533 },
            Action { kind: Kind::Backup, phone: 4, luck: 13_280_505_403_443_369_770 },
            Action { kind: Kind::Fault(Fault::Reassigned), phone: 11, luck: 515_597_125_335_348_579 },
            Action { kind: Kind::Work, phone: 4, luck: 13_378_793_050_652_114_413 },
            Action { kind: Kind::Sync, phone: 0, luck: 9_243_021_490_343_488_744 },
            Action { kind: Kind::Fault(Fault::PhoneRestore), phone: 8, luck: 16_743_197_266_352_762_422 },
            Action { kind: Kind::Work, phone: 4, luck: 4_090_649_709_090_516_034 },
            Action { kind: Kind::Sync, phone: 10, luck: 3_727_334_686_863_775_340 },
            Action { kind: Kind::Fault(Fault::OfficeRestore), phone: 0, luck: 15_973_008_150_319_916_728 },
        ],
    ),
    // The same, held by another colleague.
    (
        4_010,
        &[
            Action { kind: Kind::Fault(Fault::PhoneClone), phone: 2, luck: 9_877_562_588_163_289_533 },
            Action { kind: Kind::Backup, phone: 4, luck: 13_280_505_403_443_369_770 },
            Action { kind: Kind::Fault(Fault::Reassigned), phone: 5, luck: 13_996_182_880_701_795_373 },
            Action { kind: Kind::Backup, phone: 11, luck: 6_696_158_432_801_933_767 },
            Action { kind: Kind::Work, phone: 0, luck: 250_600_577_228_414_212 },
            Action { kind: Kind::Sync, phone: 0, luck: 9_243_021_490_343_488_744 },
            Action { kind: Kind::Sync, phone: 1, luck: 793_744_089_792_754_134 },
            Action { kind: Kind::Fault(Fault::PhoneRestore), phone: 8, luck: 16_743_197_266_352_762_422 },
            Action { kind: Kind::Work, phone: 4, luck: 4_090_649_709_090_516_034 },
            Action { kind: Kind::Fault(Fault::OfficeRestore), phone: 0, luck: 15_973_008_150_319_916_728 },
        ],
    ),
    // A name that came back after the order that names it was in nobody's scope.
    (
        4_021,
        &[
            Action { kind: Kind::Fault(Fault::OfficeRestore), phone: 10, luck: 9_583_345_972_292_196_509 },
            Action { kind: Kind::Fault(Fault::FullDisk), phone: 2, luck: 3_257_212_722_941_746_829 },
            Action { kind: Kind::Fault(Fault::OfficeRollback), phone: 3, luck: 9_759_062_941_968_824_460 },
            Action { kind: Kind::Fault(Fault::PhoneClone), phone: 4, luck: 710_833_938_571_404_540 },
            Action { kind: Kind::Sync, phone: 3, luck: 8_429_803_794_713_920_135 },
            Action { kind: Kind::Work, phone: 9, luck: 7_896_816_987_903_336_937 },
        ],
    ),
    // An order that came back long after it had ended was nobody's: what its technician had to add was refused.
    (
        4_162,
        &[
            Action { kind: Kind::Fault(Fault::OfficeClockYears), phone: 9, luck: 10_141_804_936_368_082_237 },
            Action { kind: Kind::Fault(Fault::OlderServer), phone: 10, luck: 14_328_394_439_338_642_258 },
            Action { kind: Kind::Fault(Fault::OfficeRestore), phone: 11, luck: 15_342_361_874_647_821_076 },
            Action { kind: Kind::Work, phone: 2, luck: 11_357_032_406_408_319_896 },
            Action { kind: Kind::Sync, phone: 11, luck: 15_797_303_640_197_325_875 },
            Action { kind: Kind::Work, phone: 2, luck: 7_352_566_192_495_251_595 },
            Action { kind: Kind::Fault(Fault::OfficeRollback), phone: 0, luck: 14_975_434_424_044_476_583 },
            Action { kind: Kind::Fault(Fault::OfficeClockYears), phone: 6, luck: 1_819_299_162_463_800_483 },
        ],
    ),
    // What an older office refused was judged before its order had come back.
    (
        4_162,
        &[
            Action { kind: Kind::Fault(Fault::OfficeRestore), phone: 6, luck: 6_748_110_706_003_766_904 },
            Action { kind: Kind::Fault(Fault::OlderServer), phone: 10, luck: 14_328_394_439_338_642_258 },
            Action { kind: Kind::Work, phone: 6, luck: 784_684_985_629_715_337 },
            Action { kind: Kind::Fault(Fault::OfficeCrash), phone: 0, luck: 2_886_588_679_651_409_229 },
            Action { kind: Kind::Sync, phone: 0, luck: 7_886_458_719_642_193_529 },
        ],
    ),
    // Two facts in newer kinds, the beginning of an order and one behind it, were judged without its scope.
    (
        4_666,
        &[
            Action { kind: Kind::Work, phone: 0, luck: 12_649_251_027_691_300_676 },
            Action { kind: Kind::Fault(Fault::OlderServer), phone: 0, luck: 10_304_575_256_135_627_320 },
            Action { kind: Kind::Work, phone: 6, luck: 9_010_261_284_897_612_893 },
            Action { kind: Kind::WorkOnPage, phone: 0, luck: 3_055_921_657_455_474_855 },
            Action { kind: Kind::Sync, phone: 9, luck: 13_261_831_625_159_992_210 },
        ],
    ),
    // An acknowledged fact that the office lost and then refused stayed on its phone as if it were accepted.
    (
        6_515,
        &[
            Action { kind: Kind::Desk, phone: 10, luck: 2_225_223_126_683_177_579 },
            Action { kind: Kind::Work, phone: 7, luck: 11_069_344_991_604_167_182 },
            Action { kind: Kind::Live, phone: 1, luck: 5_707_677_126_444_519_905 },
            Action { kind: Kind::Fault(Fault::PhoneClone), phone: 7, luck: 15_014_919_098_220_862_647 },
            Action { kind: Kind::Live, phone: 1, luck: 14_822_189_920_899_149_493 },
            Action { kind: Kind::Fault(Fault::PhoneCrash), phone: 1, luck: 9_589_382_947_866_740_682 },
            Action { kind: Kind::Work, phone: 1, luck: 9_103_237_125_083_929_771 },
            Action { kind: Kind::Step, phone: 9, luck: 10_457_334_231_601_893_858 },
            Action { kind: Kind::Fault(Fault::OfficeRollback), phone: 8, luck: 653_571_187_021_952_029 },
            Action { kind: Kind::Fault(Fault::OfficeClockYears), phone: 4, luck: 7_414_369_368_148_160_026 },
        ],
    ),
    // The copy of a signature was looked for under an identity that a clone had used, too.
    (
        6_767,
        &[
            Action { kind: Kind::Call, phone: 3, luck: 9_004_272_506_536_918_746 },
            Action { kind: Kind::Read, phone: 10, luck: 13_503_456_502_559_309_169 },
            Action { kind: Kind::Work, phone: 8, luck: 4_468_861_870_460_467_852 },
            Action { kind: Kind::Fault(Fault::PhoneClone), phone: 11, luck: 11_027_830_690_365_517_160 },
            Action { kind: Kind::Work, phone: 10, luck: 18_063_503_251_970_684_322 },
            Action { kind: Kind::Work, phone: 7, luck: 2_465_982_587_677_200_704 },
            Action { kind: Kind::WorkOnPage, phone: 3, luck: 12_108_488_390_536_532_439 },
            Action { kind: Kind::Work, phone: 6, luck: 11_634_687_235_022_875_870 },
            Action { kind: Kind::Live, phone: 2, luck: 1_733_677_160_639_810_004 },
            Action { kind: Kind::Work, phone: 11, luck: 12_147_451_351_711_684_387 },
            Action { kind: Kind::Desk, phone: 8, luck: 1_557_208_030_864_462_958 },
            Action { kind: Kind::Sync, phone: 3, luck: 17_423_367_755_759_891_241 },
            Action { kind: Kind::Work, phone: 2, luck: 7_958_139_089_391_254_833 },
        ],
    ),
    // An order that had ended weeks ago came back to an office that had lost it, and its technician was a stranger.
    (
        8_159,
        &[
            Action { kind: Kind::Work, phone: 0, luck: 4_857_529_569_451_017_232 },
            Action { kind: Kind::Work, phone: 0, luck: 14_727_848_569_211_128_521 },
            Action { kind: Kind::WorkOnPage, phone: 0, luck: 4_686_761_595_625_457_860 },
            Action { kind: Kind::Sync, phone: 9, luck: 2_842_831_127_071_279_201 },
            Action { kind: Kind::Days, phone: 6, luck: 11_519_486_232_709_156_956 },
            Action { kind: Kind::WorkOnPage, phone: 0, luck: 1_273_703_504_365_490_519 },
            Action { kind: Kind::Sync, phone: 3, luck: 5_113_586_824_508_432_626 },
            Action { kind: Kind::Fault(Fault::OfficeRollback), phone: 6, luck: 8_562_962_868_580_131_106 },
        ],
    ),
    (
        8_484,
        &[
            Action { kind: Kind::Work, phone: 6, luck: 15_159_267_523_691_820_605 },
            Action { kind: Kind::WorkOnPage, phone: 3, luck: 4_387_707_322_610_717_013 },
            Action { kind: Kind::Work, phone: 9, luck: 4_151_374_982_573_581_117 },
            Action { kind: Kind::Work, phone: 6, luck: 14_745_898_421_207_372_638 },
            Action { kind: Kind::Step, phone: 3, luck: 9_451_818_119_901_772_732 },
            Action { kind: Kind::Step, phone: 1, luck: 7_345_167_020_143_987_468 },
            Action { kind: Kind::Days, phone: 2, luck: 8_325_031_944_877_383_507 },
            Action { kind: Kind::Work, phone: 4, luck: 18_249_640_487_640_972_258 },
            Action { kind: Kind::Fault(Fault::OfficeRollback), phone: 8, luck: 13_967_217_281_930_848_859 },
        ],
    ),
    // A fact of a clone that came by a sync was taken for the one just stated.
    (
        9_140,
        &[
            Action { kind: Kind::Open, phone: 3, luck: 758_226_710_876_455_281 },
            Action { kind: Kind::Fault(Fault::PhoneClone), phone: 3, luck: 6_947_565_245_858_580_609 },
            Action { kind: Kind::Step, phone: 4, luck: 12_695_972_392_766_750_647 },
            Action { kind: Kind::Live, phone: 11, luck: 1_675_981_925_813_390_548 },
            Action { kind: Kind::Work, phone: 4, luck: 1_487_531_739_853_953_982 },
            Action { kind: Kind::Sync, phone: 8, luck: 6_021_345_435_200_654_780 },
            Action { kind: Kind::WorkOnPage, phone: 0, luck: 16_396_165_170_554_030_776 },
            Action { kind: Kind::Fault(Fault::PhoneClone), phone: 7, luck: 5_769_313_261_002_049_118 },
            Action { kind: Kind::Open, phone: 3, luck: 7_718_001_793_078_989_945 },
            Action { kind: Kind::Sync, phone: 4, luck: 4_862_395_953_175_421_018 },
            Action { kind: Kind::Sync, phone: 10, luck: 6_509_768_574_372_749_863 },
            Action { kind: Kind::WorkOnPage, phone: 3, luck: 7_189_093_832_905_390_508 },
        ],
    ),
    // What was behind the beginning of an order was refused twice over, by an older office that had lost it.
    (
        9_389,
        &[
            Action { kind: Kind::Work, phone: 2, luck: 16_953_186_854_375_874_891 },
            Action { kind: Kind::Step, phone: 2, luck: 12_894_002_883_226_020_314 },
            Action { kind: Kind::Fault(Fault::OfficeRestore), phone: 5, luck: 6_584_462_474_222_830_046 },
            Action { kind: Kind::Work, phone: 5, luck: 3_979_819_207_614_619_804 },
            Action { kind: Kind::Fault(Fault::OlderServer), phone: 3, luck: 13_216_740_843_133_679_884 },
            Action { kind: Kind::Step, phone: 11, luck: 991_155_640_334_712_571 },
            Action { kind: Kind::Live, phone: 2, luck: 4_157_431_802_935_322_358 },
            Action { kind: Kind::React, phone: 3, luck: 3_485_979_375_481_222_908 },
            Action { kind: Kind::Fault(Fault::OfficeRestore), phone: 11, luck: 16_137_567_774_259_369_229 },
            Action { kind: Kind::Work, phone: 5, luck: 17_515_052_447_923_313_312 },
        ],
    ),
    // A review whose cause two phones had stated alike fell due for ever.
    (
        9_614,
        &[
            Action { kind: Kind::Fault(Fault::PhoneClone), phone: 6, luck: 13_912_041_806_097_707_763 },
            Action { kind: Kind::Work, phone: 3, luck: 210_529_536_514_099_924 },
            Action { kind: Kind::Work, phone: 0, luck: 6_487_128_322_788_452_471 },
            Action { kind: Kind::Fault(Fault::LostAnswer), phone: 3, luck: 16_423_913_065_575_148_302 },
            Action { kind: Kind::Sync, phone: 0, luck: 16_503_983_835_772_864_275 },
            Action { kind: Kind::Fault(Fault::OfficeClockYears), phone: 1, luck: 16_813_344_408_895_761_762 },
        ],
    ),
    // What was relayed to an office that was rolled back counted as answered.
    (
        516,
        &[
            Action { kind: Kind::Call, phone: 6, luck: 141_417_173_364_085_489 },
            Action { kind: Kind::React, phone: 9, luck: 10_366_123_294_129_959_118 },
            Action { kind: Kind::Call, phone: 4, luck: 15_683_258_393_202_915_074 },
            Action { kind: Kind::HandOver, phone: 1, luck: 9_021_306_198_935_997_351 },
            Action { kind: Kind::Step, phone: 2, luck: 5_756_436_994_229_150_496 },
            Action { kind: Kind::Fault(Fault::OfficeRollback), phone: 2, luck: 14_825_451_392_415_275_346 },
            Action { kind: Kind::Desk, phone: 9, luck: 14_199_443_388_269_092_041 },
        ],
    ),
    // What stood behind a refused fact was carried without it, and nothing vouched for it at the office.
    (
        949,
        &[
            Action { kind: Kind::Fault(Fault::PhoneClone), phone: 6, luck: 10_353_254_762_490_957_800 },
            Action { kind: Kind::Live, phone: 11, luck: 3_301_651_266_547_282_375 },
            Action { kind: Kind::Work, phone: 7, luck: 7_656_224_314_909_515_832 },
            Action { kind: Kind::Work, phone: 4, luck: 5_854_342_768_242_110_497 },
            Action { kind: Kind::Work, phone: 4, luck: 6_855_884_413_066_527_182 },
            Action { kind: Kind::HandOver, phone: 4, luck: 2_216_897_520_477_258_850 },
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
    assert!(coverage.bundles.1 > 0, "nothing was handed from phone to phone");
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
