//! JSON says every value.

use crate::common::{printable_floats, values};
use execnet_serializer::json::{from_json, to_exact_json, to_json};
use proptest::prelude::*;

proptest! {
    #[test]
    fn every_value_comes_back_from_its_exact_json(value in values(printable_floats())) {
        prop_assert_eq!(from_json(to_exact_json(&value)), Ok(value));
    }

    /// What tuples have become does not change once more.
    #[test]
    fn plain_json_is_stable_after_one_round_trip(value in values(printable_floats())) {
        let json = to_json(&value);
        let read = from_json(json.clone()).unwrap();
        prop_assert_eq!(to_json(&read), json);
    }
}
