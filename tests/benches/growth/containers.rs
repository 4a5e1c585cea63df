//! Containers of `n` elements: the cost of each element.

use execnet::serializer::{dumps, loads};
use execnet::{Group, Value};

use super::cost::Cost;
use super::figures::Outcome;
use super::{call, gateway};

/// Lists in all, however many are inside one another.
const LISTS: u32 = 1 << 12;

/// Encoded and decoded.
pub(super) fn codec(kind: &str, n: u32) -> Outcome<Cost> {
    let (container, elements) = container(kind, n)?;
    Cost::repeated(&Group::new(), elements, || {
        drop(loads(&dumps(&container)?)?);
        Ok(())
    })
}

/// There and back, so that the worker decodes and encodes it too.
pub(super) fn echo(spec: &str, kind: &str, n: u32) -> Outcome<Cost> {
    let (container, elements) = container(kind, n)?;
    let (group, gateway) = gateway(spec)?;
    let channel = call(&gateway, "echo")?;
    Cost::repeated(&group, elements, || {
        channel.send(&container)?;
        channel.receive()?;
        Ok(())
    })
}

/// What `stock_growth.py` makes of the same words, and how many elements it has.
fn container(kind: &str, n: u32) -> Outcome<(Value, u32)> {
    let numbers = 0..n;
    let container = match kind {
        "list" => Value::List(numbers.map(Value::from).collect()),
        "texts" => Value::Dict(
            numbers
                .map(|i| (format!("key-{i}").into(), i.into()))
                .collect(),
        ),
        "keys" => Value::Dict(
            numbers
                .map(|i| ((i, format!("key-{i}")).into(), i.into()))
                .collect(),
        ),
        "pairs" => Value::Set(numbers.map(|i| (i / 100, i % 100).into()).collect()),
        "depth" => {
            let tower = (0..n).fold(Value::None, |inner, _| Value::List(vec![inner]));
            let towers = vec![tower; usize::try_from(LISTS / n)?];
            return Ok((Value::List(towers), LISTS / n * n));
        }
        other => return Err(format!("no measure is called {other:?}").into()),
    };
    Ok((container, n))
}
