//! Roles, classes, audiences and reach: the columns of the table of kinds.

use crate::wire::coded_enum;

coded_enum! {
    /// A role that a person holds; rights are constants of the schema level.
    Role {
        /// 客服 / 业务员: registers, confirms, books vouchers back, calls customers.
        Clerk = 0 "clerk",
        /// 派工员 / 客服主管.
        Dispatcher = 1 "dispatcher",
        /// 主管 / 服务主任.
        Supervisor = 2 "supervisor",
        /// 技术员 / 师傅.
        Technician = 3 "technician",
        /// Manages people, devices and the store.
        Administrator = 4 "administrator",
        /// 监督小组: reads everything, writes nothing (C-265).
        Auditor = 5 "auditor",
        /// 技术质量部: decides disputes and verifies rework (C-028).
        Quality = 6 "quality",
        /// 会计 / 财务: cash, invoices, settlement.
        Accountant = 7 "accountant",
        /// 仓管员: goods, parts, blocks of numbers.
        Storekeeper = 8 "storekeeper",
        /// 回访专员: calls customers back.
        CallbackAgent = 9 "callback_agent",
    }
}

coded_enum! {
    /// What may overrule what (lifecycle 4.1, R1).
    Class {
        /// Planning.
        Intent = 0 "intent",
        /// An office act with legal or book effect.
        Admin = 1 "admin",
        /// A promise made with the customer.
        Commitment = 2 "commitment",
        /// It happened in the world.
        Physical = 3 "physical",
    }
}

coded_enum! {
    /// Who may read a fact.
    Audience {
        /// In the order's document, on every device in scope.
        Field = 0 "field",
        /// In the companion document, never on a technician's device.
        Office = 1 "office",
    }
}

coded_enum! {
    /// Where a kind can be stated (lifecycle 4.4).
    Reach {
        /// On any device, offline.
        Off = 0 "off",
        /// At a branch, its node cut off.
        Branch = 1 "branch",
        /// Needs the server; queued if cut.
        Online = 2 "online",
    }
}

/// Who may state a kind at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right {
    /// Roles of people who may be its author.
    pub roles: &'static [Role],
    /// Whether a `system:` author may state it.
    pub system: bool,
}
