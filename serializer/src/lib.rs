//! The serializer of execnet's wire.
#![no_std]
