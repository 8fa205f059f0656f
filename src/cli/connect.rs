//! Finding the running server and the key for it.

use super::args::Server;
use super::exit::{Exit, Failure};
use crate::base::Secret;
use crate::client::{Client, is_loopback};
use crate::server::read_local_key;
use std::path::Path;

/// A client with the given key or, on the same host, the local admin key where one can be read.
pub(crate) fn client(server: &Server) -> Result<Client, Failure> {
    let key = match &server.key {
        Some(key) => Some(Secret::new(key.trim().to_owned())),
        None if is_loopback(&server.url) => local_key(&super::sources::data_folder(&server.sources))?,
        None => None,
    };
    Ok(Client::new(&server.url, key.as_ref())?)
}

/// A client that needs no key.
pub(crate) fn without_key(server: &Server) -> Result<Client, Failure> {
    Ok(Client::new(&server.url, None)?)
}

fn local_key(folder: &Path) -> Result<Option<Secret>, Failure> {
    read_local_key(folder).map_err(|error| {
        let message = format!("the local admin key in {} cannot be read: {error}", folder.display());
        Failure::new(Exit::NotAllowed, message).hint("run it as the user of the server, or give --key")
    })
}
