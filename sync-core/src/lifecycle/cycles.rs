//! Circles of hostile references: which facts claim to have seen each other.
//!
//! Honest facts never form one, since nobody can see what is not yet made. Not used unless one is found.

/// For each node the number of its strongly connected component (Kosaraju's algorithm, without recursion).
/// `seen` lists for each node the nodes it points at.
pub(super) fn components(seen: &[Vec<usize>], later: &[Vec<usize>]) -> Vec<usize> {
    let finished = finishing_order(seen);
    let mut component = vec![usize::MAX; seen.len()];
    for root in finished.into_iter().rev() {
        let mut stack = vec![root];
        while let Some(node) = stack.pop() {
            match component.get_mut(node) {
                Some(number) if *number == usize::MAX => *number = root,
                _ => continue,
            }
            stack.extend(later.get(node).into_iter().flatten());
        }
    }
    component
}

/// Nodes in the order in which a depth-first walk leaves them.
fn finishing_order(edges: &[Vec<usize>]) -> Vec<usize> {
    let mut entered = vec![false; edges.len()];
    let mut finished = Vec::with_capacity(edges.len());
    for root in 0..edges.len() {
        // The flag says whether the node's successors are already on the stack.
        let mut stack = vec![(root, false)];
        while let Some((node, expanded)) = stack.pop() {
            if expanded {
                finished.push(node);
                continue;
            }
            match entered.get_mut(node) {
                Some(flag) if !*flag => *flag = true,
                _ => continue,
            }
            stack.push((node, true));
            stack.extend(edges.get(node).into_iter().flatten().map(|next| (*next, false)));
        }
    }
    finished
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_circles_and_a_fact_between_them_are_three_components() {
        // 0 <-> 1, 2 -> 1, 3 -> 2, 3 <-> 4
        let seen = vec![vec![1], vec![0], vec![1], vec![2, 4], vec![3]];
        let later = vec![vec![1], vec![0, 2], vec![3], vec![4], vec![3]];
        let component = components(&seen, &later);
        assert_eq!(component[0], component[1]);
        assert_eq!(component[3], component[4]);
        assert_ne!(component[2], component[0]);
        assert_ne!(component[2], component[3]);
        assert_ne!(component[0], component[3]);
    }
}
