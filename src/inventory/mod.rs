//! The joined picture: what there is, and who says so. Pure: it reads no file and asks no server; `store` and `sys` make its rows.

pub mod connection;
pub mod server;
