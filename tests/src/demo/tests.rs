use std::collections::BTreeSet;

use docket_sync_core::facts::Role;

use super::names::lists;
use super::{Company, Options};

fn company(seed: u64, region: &str) -> Company {
    Company::generate(&Options { seed, region: region.to_owned(), ..Options::default() }).unwrap()
}

#[test]
fn the_same_seed_makes_the_same_company_and_another_seed_another() {
    assert_eq!(company(7, "shanghai"), company(7, "shanghai"));
    assert_ne!(company(7, "shanghai"), company(8, "shanghai"));
}

#[test]
fn more_orders_leave_the_people_as_they_are() {
    let larger = Company::generate(&Options { orders: 400, ..Options::default() }).unwrap();
    let usual = Company::generate(&Options::default()).unwrap();
    assert_eq!(larger.people, usual.people);
    assert_eq!((usual.orders.len(), larger.orders.len()), (40, 400));
}

#[test]
fn every_order_can_be_done_by_somebody() {
    for technicians in 1..20 {
        let company = Company::generate(&Options { technicians, ..Options::default() }).unwrap();
        assert_eq!(company.technicians().count(), technicians);
        for order in &company.orders {
            let unit = &company.customers[order.customer].units[order.unit];
            assert_eq!(unit.skill, order.skill);
            assert!(company.technicians().any(|technician| technician.skills.contains(&order.skill)), "{order:?}");
        }
    }
}

#[test]
fn people_have_their_own_names_logins_and_ids_even_in_a_large_company() {
    let company = Company::generate(&Options { technicians: 900, orders: 1, ..Options::default() }).unwrap();
    let number = company.people.len();
    let distinct = |values: BTreeSet<String>| values.len();
    assert_eq!(distinct(company.people.iter().map(|person| person.name.clone()).collect()), number);
    assert_eq!(distinct(company.people.iter().map(|person| person.login.clone()).collect()), number);
    assert_eq!(distinct(company.people.iter().map(|person| person.id.to_string()).collect()), number);
    for role in [Role::Clerk, Role::Dispatcher, Role::Supervisor, Role::Administrator] {
        assert!(company.people.iter().any(|person| person.roles.contains(&role)), "{role}");
    }
}

#[test]
fn texts_are_complete_and_in_the_companys_language() {
    for region in &lists().regions {
        let company = company(3, &region.code);
        for customer in &company.customers {
            let texts = [&customer.name, &customer.contact, &customer.address, &customer.phone];
            assert!(texts.iter().all(|text| !text.is_empty() && !text.contains('{')), "{customer:?}");
        }
        for order in &company.orders {
            let has_chinese = order.problem.chars().any(|character| character > '\u{4e00}');
            assert_eq!(has_chinese, region.language == "zh", "{order:?}");
        }
        assert!(company.orders.is_sorted_by_key(|order| order.comes_after_ms));
    }
}

#[test]
fn an_unknown_region_says_which_there_are() {
    let options = Options { region: "atlantis".to_owned(), ..Options::default() };
    let text = Company::generate(&options).unwrap_err().to_string();
    assert!(text.contains("atlantis") && text.contains("shanghai") && text.contains("bristol"), "{text}");
}
