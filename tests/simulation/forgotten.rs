//! Histories with phones that a restored office had forgotten, copies of phones and carried work, cut down to what it
//! takes.

use docket_harness::simulation::faults::Fault;
use docket_harness::simulation::{Action, Kind};

/// Histories that once broke a rule, as in [`super::histories`].
pub(super) const FORGOTTEN: &[(u64, &[Action])] = &[
    // What a forgotten phone carries of a colleague was judged as if it had signed that itself.
    (
        830,
        &[
            Action { kind: Kind::Work, phone: 0, luck: 15_448_682_136_547_355_791 },
            Action { kind: Kind::Fault(Fault::OfficeRestore), phone: 10, luck: 11_037_842_542_593_071_339 },
            Action { kind: Kind::HandOver, phone: 4, luck: 4_343_075_328_318_647_231 },
            Action { kind: Kind::Sync, phone: 7, luck: 10_016_246_839_695_529_198 },
            Action { kind: Kind::React, phone: 6, luck: 6_033_733_510_466_805_360 },
        ],
    ),
    // A phone that was enrolled after the backup had numbers that the office had lost, and no receipt to show it; it
    // dropped them before it had given them back.
    (
        5_829,
        &[
            Action { kind: Kind::Fault(Fault::Revoked), phone: 6, luck: 17_176_263_206_917_205_466 },
            Action { kind: Kind::Fault(Fault::OfficeRollback), phone: 10, luck: 17_358_852_874_959_181_640 },
            Action { kind: Kind::Work, phone: 7, luck: 6_334_764_711_321_338_088 },
            Action { kind: Kind::Work, phone: 11, luck: 11_456_056_208_357_641_328 },
            Action { kind: Kind::Open, phone: 3, luck: 2_401_883_831_019_368_754 },
            Action { kind: Kind::WorkOnPage, phone: 11, luck: 2_798_140_073_106_651_757 },
            Action { kind: Kind::Work, phone: 7, luck: 9_980_663_752_926_794_622 },
        ],
    ),
    (
        6_864,
        &[
            Action { kind: Kind::Fault(Fault::OfficeRestore), phone: 8, luck: 12_491_682_319_018_841_808 },
            Action { kind: Kind::Step, phone: 3, luck: 12_441_399_050_370_125_929 },
            Action { kind: Kind::Live, phone: 11, luck: 13_058_024_181_959_713_869 },
            Action { kind: Kind::Step, phone: 11, luck: 13_107_114_991_738_889_488 },
            Action { kind: Kind::Work, phone: 11, luck: 7_905_197_285_023_136_519 },
            Action { kind: Kind::React, phone: 8, luck: 14_967_470_915_718_077_669 },
            Action { kind: Kind::Step, phone: 11, luck: 5_823_807_688_333_000_678 },
        ],
    ),
    (
        7_529,
        &[
            Action { kind: Kind::Fault(Fault::OfficeRestore), phone: 7, luck: 4_172_036_665_001_102_105 },
            Action { kind: Kind::Fault(Fault::OfficeRollback), phone: 3, luck: 5_501_040_609_519_428_024 },
            Action { kind: Kind::Work, phone: 7, luck: 7_230_390_819_288_572_262 },
        ],
    ),
    // A copy of a phone stated behind what the office had lost and got back from the other copy: it looked like a forgery.
    (
        1_629,
        &[
            Action { kind: Kind::Live, phone: 5, luck: 9_054_774_212_110_329_508 },
            Action { kind: Kind::Live, phone: 2, luck: 11_349_135_660_271_065_943 },
            Action { kind: Kind::Desk, phone: 0, luck: 15_810_238_691_341_957_504 },
            Action { kind: Kind::Backup, phone: 3, luck: 198_590_354_870_097_230 },
            Action { kind: Kind::Fault(Fault::PhoneClone), phone: 2, luck: 431_294_493_150_663_994 },
            Action { kind: Kind::Work, phone: 3, luck: 12_467_168_029_816_402_848 },
            Action { kind: Kind::Work, phone: 3, luck: 3_260_162_862_111_716_745 },
            Action { kind: Kind::Sync, phone: 3, luck: 5_937_577_235_420_498_539 },
            Action { kind: Kind::Work, phone: 2, luck: 5_710_017_835_020_798_567 },
            Action { kind: Kind::WorkOnPage, phone: 3, luck: 5_921_031_619_948_415_253 },
            Action { kind: Kind::Fault(Fault::OfficeRollback), phone: 0, luck: 17_422_335_476_206_621_795 },
            Action { kind: Kind::WorkOnPage, phone: 6, luck: 18_296_562_208_706_093_162 },
        ],
    ),
    (
        2_564,
        &[
            Action { kind: Kind::Work, phone: 0, luck: 8_247_114_831_026_271_401 },
            Action { kind: Kind::Fault(Fault::PhoneClone), phone: 3, luck: 7_874_947_103_538_258_739 },
            Action { kind: Kind::Work, phone: 0, luck: 16_305_024_595_983_799_568 },
            Action { kind: Kind::Work, phone: 8, luck: 1_072_633_858_677_845_314 },
            Action { kind: Kind::Step, phone: 3, luck: 10_920_049_691_551_059_629 },
            Action { kind: Kind::Live, phone: 11, luck: 1_776_445_191_859_575_390 },
            Action { kind: Kind::Work, phone: 11, luck: 2_094_889_254_994_471_402 },
            Action { kind: Kind::Restart, phone: 5, luck: 16_939_412_400_362_784_398 },
            Action { kind: Kind::Live, phone: 3, luck: 7_208_122_416_226_738_805 },
            Action { kind: Kind::Work, phone: 11, luck: 7_536_435_759_875_333_058 },
            Action { kind: Kind::Fault(Fault::OfficeRestore), phone: 9, luck: 7_767_440_795_287_762_394 },
            Action { kind: Kind::Work, phone: 3, luck: 3_003_643_656_345_375_322 },
        ],
    ),
    (
        7_587,
        &[
            Action { kind: Kind::Fault(Fault::PhoneClone), phone: 6, luck: 13_798_846_858_516_386_098 },
            Action { kind: Kind::Fault(Fault::OfficeRestore), phone: 6, luck: 652_148_271_826_434_724 },
            Action { kind: Kind::Work, phone: 0, luck: 16_635_462_711_419_168_971 },
            Action { kind: Kind::Fault(Fault::OfficeRestore), phone: 4, luck: 6_827_304_089_479_054_958 },
            Action { kind: Kind::Work, phone: 3, luck: 5_661_179_287_169_308_247 },
            Action { kind: Kind::Sync, phone: 3, luck: 15_719_624_861_054_020_917 },
            Action { kind: Kind::Work, phone: 5, luck: 13_215_650_530_708_142_397 },
        ],
    ),
    (
        9_001,
        &[
            Action { kind: Kind::Fault(Fault::PhoneClone), phone: 2, luck: 17_700_632_371_226_437_020 },
            Action { kind: Kind::Fault(Fault::OfficeRestore), phone: 6, luck: 4_305_231_525_746_245_636 },
            Action { kind: Kind::Work, phone: 2, luck: 1_572_938_827_536_187_542 },
            Action { kind: Kind::Fault(Fault::OfficeRestore), phone: 10, luck: 17_862_813_881_020_270_608 },
            Action { kind: Kind::Work, phone: 3, luck: 617_901_413_783_645_485 },
            Action { kind: Kind::Sync, phone: 11, luck: 5_967_514_236_871_699_414 },
            Action { kind: Kind::WorkOnPage, phone: 2, luck: 6_694_113_950_216_645_404 },
        ],
    ),
    // A suffix that came back with a lost number was shown twice.
    (
        7_962,
        &[
            Action { kind: Kind::Fault(Fault::OfficeRestore), phone: 1, luck: 3_768_078_754_722_469_623 },
            Action { kind: Kind::Days, phone: 6, luck: 11_885_471_005_096_000_567 },
            Action { kind: Kind::Sync, phone: 7, luck: 115_293_898_196_334_829 },
            Action { kind: Kind::React, phone: 8, luck: 2_093_135_380_820_222_634 },
            Action { kind: Kind::Sync, phone: 3, luck: 11_979_786_007_960_226_254 },
            Action { kind: Kind::Fault(Fault::OfficeRestore), phone: 2, luck: 3_428_521_179_853_284_125 },
        ],
    ),
    // Work that was refused when its phone brought it and let in when a colleague did never came to its phone.
    (
        6_375,
        &[
            Action { kind: Kind::Fault(Fault::OfficeClockDays), phone: 6, luck: 10_158_864_870_814_070_222 },
            Action { kind: Kind::Work, phone: 4, luck: 18_040_863_981_159_894_434 },
            Action { kind: Kind::HandOver, phone: 1, luck: 10_117_315_826_251_030_344 },
            Action { kind: Kind::Live, phone: 7, luck: 10_189_076_310_453_675_941 },
            Action { kind: Kind::Fault(Fault::OfficeClockDays), phone: 4, luck: 4_356_768_518_680_846_623 },
            Action { kind: Kind::Live, phone: 0, luck: 12_032_130_246_362_102_452 },
        ],
    ),
    // Each sync of a phone that waits behind a refused fact left a record in the log.
    (
        2_295,
        &[
            Action { kind: Kind::Read, phone: 8, luck: 4_242_965_329_635_464_245 },
            Action { kind: Kind::Desk, phone: 9, luck: 4_275_460_782_438_342_001 },
            Action { kind: Kind::Desk, phone: 7, luck: 3_034_446_449_136_126_355 },
            Action { kind: Kind::Sync, phone: 8, luck: 12_665_105_072_638_198_225 },
            Action { kind: Kind::Sync, phone: 8, luck: 2_750_863_014_618_549_586 },
            Action { kind: Kind::Days, phone: 11, luck: 8_323_554_354_889_695_798 },
            Action { kind: Kind::Work, phone: 8, luck: 1_562_274_355_144_813_960 },
            Action { kind: Kind::Open, phone: 11, luck: 15_252_505_886_998_569_897 },
            Action { kind: Kind::Sync, phone: 2, luck: 2_665_430_823_237_571_716 },
            Action { kind: Kind::Fault(Fault::OfficeRollback), phone: 4, luck: 3_773_253_137_460_894_816 },
            Action { kind: Kind::Fault(Fault::OfficeClockYears), phone: 0, luck: 1_828_179_401_488_128_826 },
            Action { kind: Kind::WorkOnPage, phone: 5, luck: 8_686_680_601_802_236_204 },
        ],
    ),
    // A visit was handed over and that taken back before the office heard of either: who had it was no stranger.
    (
        5_176,
        &[
            Action { kind: Kind::Fault(Fault::PhoneClone), phone: 9, luck: 16_333_591_920_871_323_511 },
            Action { kind: Kind::Work, phone: 7, luck: 7_086_794_806_695_235_977 },
            Action { kind: Kind::Work, phone: 3, luck: 12_425_362_778_626_797_754 },
            Action { kind: Kind::Step, phone: 11, luck: 11_329_545_231_377_467_264 },
            Action { kind: Kind::Fault(Fault::PhoneClone), phone: 5, luck: 7_196_686_884_276_690_471 },
            Action { kind: Kind::Fault(Fault::OfficeRestore), phone: 9, luck: 13_592_267_897_800_457_312 },
            Action { kind: Kind::Work, phone: 9, luck: 18_194_741_343_387_475_210 },
            Action { kind: Kind::WorkOnPage, phone: 11, luck: 8_441_389_332_502_875_504 },
        ],
    ),
];
