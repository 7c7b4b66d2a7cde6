//! In the steady state a decision allocates nothing.

mod largest;

#[test]
fn a_step_of_the_largest_policy_allocates_nothing() {
    let mut group = largest::Group::new();
    // Two days fill the room that peaks need; four more make the forecast speak.
    for _ in 0..6 * 24 * 60 {
        group.minute();
    }
    let mut recommended = Vec::with_capacity(2 * 24 * 60);
    let counted = allocation_counter::measure(|| {
        for _ in 0..2 * 24 * 60 {
            recommended.push(group.minute().recommended);
        }
    });
    assert_eq!(counted.count_total, 0, "{counted:?}");
    recommended.dedup();
    assert!(recommended.len() > 100, "the days were no steady calm");
}
