//! A dict beside a list of pairs that is searched from its start.

use super::*;

/// What is done to a dict, by the number of a key and of a value.
#[derive(Clone, Debug)]
enum Step {
    Insert(usize, i32),
    Entry(usize, i32),
    Remove(usize),
    Retain(i32),
}

fn step() -> impl Strategy<Value = Step> {
    let key = || 0..KINDS.len() * KEYS;
    prop_oneof![
        6 => (key(), 0..9).prop_map(|(key, value)| Step::Insert(key, value)),
        3 => (key(), 0..9).prop_map(|(key, value)| Step::Entry(key, value)),
        2 => key().prop_map(Step::Remove),
        1 => (0..9).prop_map(Step::Retain),
    ]
}

/// Keys of each kind in the model.
const KEYS: usize = 8;

fn numbered(n: usize) -> Value {
    let (_, make) = KINDS[n / KEYS];
    make(i32::try_from(n % KEYS).unwrap())
}

proptest! {
    #[test]
    fn a_dict_behaves_as_a_list_of_pairs(steps in proptest::collection::vec(step(), 0..200)) {
        let mut dict = Dict::new();
        let mut model: Vec<(usize, i32)> = Vec::new();
        for step in steps {
            match step {
                Step::Insert(key, value) => {
                    let held = model.iter_mut().find(|(held, _)| *held == key);
                    let before = held.map(|(_, held)| core::mem::replace(held, value));
                    prop_assert_eq!(dict.insert(numbered(key), value.into()), before.map(Value::from));
                    if before.is_none() {
                        model.push((key, value));
                    }
                }
                Step::Entry(key, value) => {
                    let entry = dict.entry(reordered(&numbered(key)));
                    let now = entry.and_modify(|value| *value = Value::None).or_insert(value.into());
                    match model.iter().find(|(held, _)| *held == key) {
                        Some((_, value)) => *now = (*value).into(),
                        None => model.push((key, value)),
                    }
                }
                Step::Remove(key) => {
                    let position = model.iter().position(|(held, _)| *held == key);
                    let removed = position.map(|position| model.remove(position).1);
                    prop_assert_eq!(dict.remove(&numbered(key)), removed.map(Value::from));
                }
                Step::Retain(value) => {
                    model.retain(|(_, held)| *held != value);
                    dict.retain(|_, held| *held != value);
                }
            }
            prop_assert!(dict.iter().eq(model.iter().map(|(key, value)| (numbered(*key), Value::from(*value))).collect::<Vec<_>>().iter().map(|(key, value)| (key, value))));
            for (key, value) in &model {
                prop_assert_eq!(dict.get(&numbered(*key)), Some(&Value::from(*value)));
            }
        }
    }
}
