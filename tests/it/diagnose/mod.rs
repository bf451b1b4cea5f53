//! `diagnose`: for each cause a real credential broken in that way, refused by real servers, and named by the program.

mod accounts;
mod bench;
mod heard;
mod lagging;
mod seen;
mod strict;
mod tokens;
