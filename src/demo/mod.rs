//! A private cluster to try things on: real servers on this machine, with tenants that are busy. It touches no other cluster.

pub mod binary;
