use super::PlanError;

/// A component's name and the names of those that it comes after.
pub(super) type Node = (String, Vec<String>);

/// How the components depend on each other, by their indices.
pub(super) struct Order {
    /// For each component, those that it comes after.
    pub(super) after: Vec<Vec<usize>>,
    /// The phases of a shutdown: in each are the components that nobody needs any more once the phases
    /// before are over.
    pub(super) phases: Vec<Vec<usize>>,
}

/// Checks that the names fit together, and puts the components in order.
pub(super) fn plan(nodes: &[Node]) -> Result<Order, PlanError> {
    for (index, (name, _)) in nodes.iter().enumerate() {
        if nodes[..index].iter().any(|(other, _)| other == name) {
            return Err(PlanError::Duplicate(name.clone()));
        }
    }
    let after = nodes.iter().map(|node| resolve(nodes, node)).collect::<Result<Vec<_>, _>>()?;
    let phases = peel(&after).map_err(|stuck| PlanError::Cycle(circle(nodes, &after, &stuck)))?;
    Ok(Order { after, phases })
}

fn resolve(nodes: &[Node], (component, after): &Node) -> Result<Vec<usize>, PlanError> {
    after
        .iter()
        .map(|name| {
            nodes
                .iter()
                .position(|(other, _)| other == name)
                .ok_or_else(|| PlanError::Unknown { component: component.clone(), unknown: name.clone() })
        })
        .collect()
}

/// Takes away, round by round, the components that no other one left comes after (Kahn 1962).
/// If some are left over, they are in or below a circle.
fn peel(after: &[Vec<usize>]) -> Result<Vec<Vec<usize>>, Vec<usize>> {
    let mut left: Vec<usize> = (0..after.len()).collect();
    let mut phases = Vec::new();
    while !left.is_empty() {
        let (needed, free): (Vec<usize>, Vec<usize>) =
            left.iter().partition(|index| left.iter().any(|other| after[*other].contains(index)));
        if free.is_empty() {
            return Err(left);
        }
        phases.push(free);
        left = needed;
    }
    Ok(phases)
}

/// The names along one circle, the first one again at the end.
fn circle(nodes: &[Node], after: &[Vec<usize>], stuck: &[usize]) -> Vec<String> {
    // Every stuck component is needed by a stuck one, so walking from needed to needing never ends,
    // and comes by some component twice.
    let mut path = vec![stuck[0]];
    loop {
        let last = path[path.len() - 1];
        let needing = stuck.iter().copied().find(|other| after[*other].contains(&last));
        let Some(needing) = needing else { return Vec::new() };
        if let Some(start) = path.iter().position(|seen| *seen == needing) {
            let mut names: Vec<_> = path[start..].iter().rev().map(|index| nodes[*index].0.clone()).collect();
            names.push(names[0].clone());
            return names;
        }
        path.push(needing);
    }
}
