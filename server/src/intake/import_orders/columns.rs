//! The columns that an order file may have, and what stands for those it does not have.

use docket_sync_core::facts::values::{ServiceClass, Urgency};

macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident $code:literal [$($alias:literal),*],)*) => {
        /// A column that an order file may have.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Column { $($(#[$doc])* $name),* }

        impl Column {
            /// The name in the header, and in errors.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }

            /// The column with this name, in any case, or one of its other names.
            pub(super) fn from_header(name: &str) -> Option<Self> {
                let name = name.trim().to_lowercase();
                $(if [$code, $($alias),*].contains(&name.as_str()) {
                    return Some(Self::$name);
                })*
                None
            }
        }
    };
}

columns! {
    /// Number of the order in the system it comes from.
    Reference "reference" ["编号"],
    /// Name of the customer.
    Customer "customer" ["客户"],
    /// His phone number.
    Phone "phone" ["电话"],
    /// Where the work is to be done.
    Address "address" ["地址"],
    /// Model of the unit.
    Model "model" ["型号"],
    /// Serial number of the unit.
    Serial "serial" ["序列号", "asset"],
    /// What is wrong, in the caller's words.
    Problem "problem" ["故障", "originalshorttext"],
    /// Service class.
    Class "class" ["类别"],
    /// Urgency.
    Urgency "urgency" ["紧急程度"],
    /// Skill that the work needs.
    Skill "skill" ["技能"],
    /// Day of the request.
    Date "date" ["日期", "bscstartdate"],
    /// Kind of maintenance in the system it comes from.
    Maintenance "maintenance_type" ["pmtype"],
    /// What the work cost.
    Cost "cost" ["费用"],
}

/// What stands for columns that a file does not have. An empty cell of a column it has is not replaced.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Defaults {
    /// Name of the customer.
    pub customer: Option<String>,
    /// His phone number.
    pub phone: Option<String>,
    /// Where the work is to be done.
    pub address: Option<String>,
    /// Service class; chargeable when not given.
    pub class: Option<ServiceClass>,
    /// Urgency; normal when not given.
    pub urgency: Option<Urgency>,
}

impl Defaults {
    pub(super) fn text(&self, column: Column) -> Option<&String> {
        match column {
            Column::Customer => self.customer.as_ref(),
            Column::Phone => self.phone.as_ref(),
            Column::Address => self.address.as_ref(),
            Column::Reference
            | Column::Model
            | Column::Serial
            | Column::Problem
            | Column::Class
            | Column::Urgency
            | Column::Skill
            | Column::Date
            | Column::Maintenance
            | Column::Cost => None,
        }
    }
}
