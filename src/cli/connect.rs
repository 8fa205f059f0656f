//! Finding the running server and the key for it.

use super::args::Server;
use super::exit::{Exit, Failure};
use crate::base::Secret;
use crate::client::{Client, is_loopback};
use std::io;
use std::path::Path;

/// The name of the local admin key in the data folder.
pub(crate) const ADMIN_KEY: &str = "admin.key";

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

/// The local admin key, where the data folder has one.
pub(crate) fn local_key(folder: &Path) -> Result<Option<Secret>, Failure> {
    let path = folder.join(ADMIN_KEY);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(Secret::new(text.trim().to_owned()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let message = format!("the local admin key {} cannot be read: {error}", path.display());
            Err(Failure::new(Exit::NotAllowed, message).hint("run it as the user of the server, or give --key"))
        }
    }
}
