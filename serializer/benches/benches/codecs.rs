//! Encoding and decoding the same documents by every codec.
//!
//! Run by `scripts/bench-serializer`, which runs the codecs of Python too and
//! makes tables and plots of it all. Before a codec is measured it has to give
//! back what it was given.

use std::fmt::Debug;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkGroup, BenchmarkId, Criterion, criterion_main, measurement::WallTime};
use execnet_serializer as execnet;
use execnet_serializer_benches::{self as documents, Report};
use serde::{Serialize, de::DeserializeOwned};

type Group<'c> = BenchmarkGroup<'c, WallTime>;

criterion_main!(all);

fn all() {
    let seconds = std::env::var("BENCH_SECONDS").ok();
    let seconds = seconds.and_then(|text| text.parse().ok()).unwrap_or(1.0);
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_secs_f64(seconds / 3.0))
        .measurement_time(Duration::from_secs_f64(seconds))
        .configure_from_args();
    document(&mut criterion, "reports", &documents::reports());
    borrowed(&mut criterion, "reports", &documents::reports());
    document(&mut criterion, "ints", &documents::ints());
    document(&mut criterion, "bytes", &documents::bytes());
    document(&mut criterion, "tree", &documents::trees());
    document(&mut criterion, "strings", &documents::strings());
    document(&mut criterion, "floats", &documents::floats());
    criterion.final_summary();
}

/// All codecs on one document: typed ones first, then those that decode to a
/// value of any type.
fn document<T>(criterion: &mut Criterion, name: &str, document: &T)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    println!("document {name}");
    let mut group = criterion.benchmark_group(name);
    typed(
        &mut group,
        "execnet-serde",
        document,
        |d| execnet::to_vec(d).unwrap(),
        |b| execnet::from_slice(b).unwrap(),
    );
    typed(
        &mut group,
        "rmp-serde",
        document,
        |d| rmp_serde::to_vec_named(d).unwrap(),
        |b| rmp_serde::from_slice(b).unwrap(),
    );
    typed(
        &mut group,
        "rmp-serde-arrays",
        document,
        |d| rmp_serde::to_vec(d).unwrap(),
        |b| rmp_serde::from_slice(b).unwrap(),
    );
    typed(
        &mut group,
        "serde_json",
        document,
        |d| serde_json::to_vec(d).unwrap(),
        |b| serde_json::from_slice(b).unwrap(),
    );
    typed(&mut group, "ciborium", document, cbor, |b| {
        ciborium::from_reader(b).unwrap()
    });
    typed(
        &mut group,
        "postcard",
        document,
        |d| postcard::to_allocvec(d).unwrap(),
        |b| postcard::from_bytes(b).unwrap(),
    );
    typed(
        &mut group,
        "bitcode",
        document,
        |d| bitcode::serialize(d).unwrap(),
        |b| bitcode::deserialize(b).unwrap(),
    );

    let bytes = execnet::to_vec(document).unwrap();
    let value = execnet::loads(&bytes).unwrap();
    typed(
        &mut group,
        "execnet-Value",
        &value,
        |v| execnet::dumps(v).unwrap(),
        |b| execnet::loads(b).unwrap(),
    );
    decode(&mut group, "execnet-Document", &bytes, |b| {
        execnet::DocumentBuf::loads(b).unwrap()
    });
    let bytes = rmp_serde::to_vec_named(document).unwrap();
    let value = rmpv::decode::read_value(&mut bytes.as_slice()).unwrap();
    typed(&mut group, "rmpv-Value", &value, msgpack, |mut b| {
        rmpv::decode::read_value(&mut b).unwrap()
    });
    let bytes = serde_json::to_vec(document).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    typed(
        &mut group,
        "serde_json-Value",
        &value,
        |v| serde_json::to_vec(v).unwrap(),
        |b| serde_json::from_slice(b).unwrap(),
    );
    let bytes = cbor(document);
    let value: ciborium::Value = ciborium::from_reader(bytes.as_slice()).unwrap();
    typed(&mut group, "ciborium-Value", &value, cbor, |b| {
        ciborium::from_reader(b).unwrap()
    });

    // The bound: the bytes of this format copied.
    let bytes = execnet::to_vec(document).unwrap();
    decode(&mut group, "memcpy", &bytes, |b| b.to_vec());
    group.finish();
}

/// The codecs whose texts stand in the bytes as they are, and can be borrowed from there.
fn borrowed(criterion: &mut Criterion, name: &str, reports: &[Report]) {
    type Borrowed<'b> = Vec<Report<&'b str>>;

    let mut group = criterion.benchmark_group(name);
    let bytes = execnet::to_vec(reports).unwrap();
    decode(&mut group, "execnet-serde-borrowed", &bytes, |b| {
        execnet::from_slice::<Borrowed<'_>>(b).unwrap()
    });
    let bytes = rmp_serde::to_vec_named(reports).unwrap();
    decode(&mut group, "rmp-serde-borrowed", &bytes, |b| {
        rmp_serde::from_slice::<Borrowed<'_>>(b).unwrap()
    });
    let bytes = postcard::to_allocvec(reports).unwrap();
    decode(&mut group, "postcard-borrowed", &bytes, |b| {
        postcard::from_bytes::<Borrowed<'_>>(b).unwrap()
    });
    group.finish();
}

fn cbor<T: Serialize>(document: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(document, &mut bytes).unwrap();
    bytes
}

fn msgpack(value: &rmpv::Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, value).unwrap();
    bytes
}

/// Both ways, after a look that the way back leads home.
fn typed<T: PartialEq + Debug>(
    group: &mut Group<'_>,
    codec: &str,
    document: &T,
    encode: impl Fn(&T) -> Vec<u8>,
    back: impl Fn(&[u8]) -> T,
) {
    let bytes = encode(document);
    assert!(
        back(&bytes) == *document,
        "{codec} gives another document back"
    );
    println!("size {codec} {}", bytes.len());
    group.bench_function(BenchmarkId::new(codec, "encode"), |b| {
        b.iter_custom(|rounds| timed(rounds, || encode(black_box(document))));
    });
    decode(group, codec, &bytes, back);
}

fn decode<'b, T>(
    group: &mut Group<'_>,
    codec: &str,
    bytes: &'b [u8],
    back: impl Fn(&'b [u8]) -> T,
) {
    group.bench_function(BenchmarkId::new(codec, "decode"), |b| {
        b.iter_custom(|rounds| timed(rounds, || back(black_box(bytes))));
    });
}

/// The time of the calls alone, each result dropped before the next call, as
/// `peers.py` does it: results that pile up would measure the making of pages.
fn timed<T>(rounds: u64, call: impl Fn() -> T) -> Duration {
    let once = |_| {
        let start = Instant::now();
        let result = black_box(call());
        let taken = start.elapsed();
        drop(result);
        taken
    };
    (0..rounds).map(once).sum()
}
