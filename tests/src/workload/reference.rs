//! Customers, sites and units that the workload's orders refer to: they travel as reference records, not as facts.

use docket_sync_core::ids::RecordId;

use crate::random::Random;

/// Orders of one customer, in the mean.
const ORDERS_PER_CUSTOMER: usize = 4;

/// The records of one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Who asked.
    pub customer: Customer,
    /// Where.
    pub site: Site,
    /// What.
    pub unit: Unit,
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Its record.
    pub id: RecordId,
    /// Person or firm.
    pub name: String,
    /// Made up: nobody can be called.
    pub phone: String,
}

/// A site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its record.
    pub id: RecordId,
    /// Street, number, room.
    pub address: String,
}

/// A unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Its record.
    pub id: RecordId,
    /// The maker's name of the model.
    pub model: String,
    /// The maker's number.
    pub serial: String,
}

/// The records of the order at `index`: consecutive orders are of one customer.
pub(super) fn of(random: &Random, index: usize) -> Reference {
    let number = index / ORDERS_PER_CUSTOMER;
    let mut random = random.fork(&format!("customer {number}"));
    let surname = random.pick(&["王", "李", "张", "刘", "陈", "杨", "赵", "周", "吴", "徐"]);
    let kind = random.pick(&["先生", "女士", "餐饮有限公司", "便利店", "物业管理处"]);
    let street = random.pick(&["中山北路", "人民路", "解放大道", "建设路", "虹桥路", "延安西路"]);
    let model = random.pick(&["KFR-35GW", "KFR-72LW", "JSQ24-12", "GeN2-1000", "ES200-2D", "MP-C3004"]);
    Reference {
        customer: Customer {
            id: RecordId(random.bytes()),
            name: format!("{surname}{kind}"),
            // No local number begins with 0: nobody can be called by a benchmark.
            phone: format!("021-0{:07}", random.below(10_000_000)),
        },
        site: Site {
            id: RecordId(random.bytes()),
            address: format!("{street}{}号{}室", random.between(1, 999), random.between(101, 2_804)),
        },
        unit: Unit {
            id: RecordId(random.bytes()),
            model: (*model).to_owned(),
            serial: format!("{model}-{:07}", random.below(10_000_000)),
        },
    }
}
