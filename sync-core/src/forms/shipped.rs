//! The forms that ship. A new store starts with them; the office replaces them by later versions of its own.

/// Name and JSON of every form that ships.
pub const SHIPPED: &[(&str, &str)] = &[
    ("repair_steps", include_str!("../../../schemas/forms/repair_steps.json")),
    ("in_home_conduct", include_str!("../../../schemas/forms/in_home_conduct.json")),
    ("gas_safety", include_str!("../../../schemas/forms/gas_safety.json")),
    ("installation", include_str!("../../../schemas/forms/installation.json")),
    ("recycling", include_str!("../../../schemas/forms/recycling.json")),
    ("station_round", include_str!("../../../schemas/forms/station_round.json")),
    ("user_training", include_str!("../../../schemas/forms/user_training.json")),
];
