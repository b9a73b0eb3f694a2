//! The stock phrases of the workload: what clerks and technicians write, Chinese and English. Frozen.

use crate::random::Random;

const CHINESE: &[&str] = &[
    "客户来电反映空调不制冷，室外机运转但风不凉。",
    "用户称昨晚开始漏水，已自行关闭总阀，请尽快上门。",
    "电梯在三楼与四楼之间异响，物业已暂停使用。",
    "到场检查，过滤网堵塞严重，已清洗并试机正常。",
    "更换接水盘排水管，试水三十分钟未见渗漏。",
    "压缩机启动电容失效，现场更换后电流恢复正常。",
    "客户要求下午三点以后上门，届时请先电话联系门卫。",
    "制冷剂压力偏低，查漏发现喇叭口有油迹，重新制作。",
    "门机皮带磨损，已调整张紧度，建议下次保养时更换。",
    "燃气热水器点火困难，清理火排并更换电池后正常。",
    "复印机卡纸，搓纸轮老化，已更换并打印测试页十张。",
    "自动门感应不灵敏，重新调整雷达角度，来回测试正常。",
    "该户上月同样故障，请核对是否在保修期内。",
    "现场无备件，已与客户约定次日上午再次上门。",
    "控制板进水，已拍照留存，等待质检部门鉴定。",
    "机房温度过高，建议用户加装排风扇。",
    "接线端子松动发热，已紧固并做绝缘测试。",
    "用户满意，已讲解日常保养方法并留下联系方式。",
    "上门时用户不在家，电话联系后改约。",
    "钥匙在二号楼保安室，凭工作证领取。",
    "运行参数正常，振动与噪声均在允许范围内。",
    "遥控器接收头损坏，更换后各档位测试正常。",
];

const ENGLISH: &[&str] = &[
    "Caller reports water dripping from the indoor unit since last night. ",
    "Unit runs but does not cool; outdoor fan turns freely. ",
    "Replaced the start capacitor, running current back to nominal. ",
    "Gate code is on the site card, please ring the caretaker first. ",
    "Filter was blocked, cleaned it and showed the customer how to do it. ",
    "Door reopens without obstruction; light curtain cleaned and aligned. ",
    "Part not on the van, next visit agreed for tomorrow morning. ",
    "Pressure test held for thirty minutes, no loss observed. ",
];

const CHECKS: &[&str] = &[
    "外观与固定检查",
    "电源电压与接地检查",
    "过滤网与换热器清洁",
    "排水系统通畅检查",
    "运行电流测量",
    "Safety devices and emergency stop",
    "Controls and display",
    "试机运行十分钟",
];

/// A part that technicians fit: catalogue code, name, price of one piece in minor units.
pub(super) struct Part {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    pub(super) price_minor: i64,
}

const fn part(code: &'static str, name: &'static str, price_minor: i64) -> Part {
    Part { code, name, price_minor }
}

const PARTS: &[Part] = &[
    part("AC-1021", "压缩机启动电容 35μF", 8_500),
    part("AC-1044", "接水盘排水管", 2_800),
    part("AC-1107", "室外风机电机", 46_000),
    part("AC-1203", "遥控接收板", 12_000),
    part("AC-1311", "R410A 制冷剂 (kg)", 18_000),
    part("GA-2003", "点火针", 4_500),
    part("GA-2017", "水气联动阀", 19_800),
    part("LF-3008", "门机皮带", 32_000),
    part("LF-3015", "轿门光幕", 88_000),
    part("DR-4002", "Radar sensor", 56_000),
    part("DR-4011", "Door closer spring", 15_500),
    part("OM-5009", "Pick-up roller", 9_800),
    part("OM-5020", "Fuser unit", 98_000),
];

/// Text of about `characters` characters: whole phrases of one language, three times in four Chinese.
pub(super) fn text(random: &mut Random, characters: usize) -> String {
    let phrases = if random.chance(3, 4) { CHINESE } else { ENGLISH };
    let mut text = String::new();
    let mut length = 0_usize;
    while length < characters {
        let phrase = random.pick(phrases);
        length = length.saturating_add(phrase.chars().count());
        text.push_str(phrase);
    }
    text.chars().take(characters).collect()
}

/// The eight steps of the checklist.
pub(super) fn checks() -> &'static [&'static str] {
    CHECKS
}

/// One part of the catalogue.
pub(super) fn any_part(random: &mut Random) -> &'static Part {
    random.pick(PARTS)
}
