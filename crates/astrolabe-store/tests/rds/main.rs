//! Rows read back from a real MariaDB and a real PostgreSQL, as their readers find them.

mod databases;
mod rows;
mod trouble;
