//! Gathering what a call needs besides the request's own text: images that its target cannot fetch, and the
//! reasoning that the client did not send back.

use super::line::Line;
use super::operation::Operation;
use crate::base::{ApiError, Code, Retry, Side, limits};
use crate::wire::{Given, Target, wants};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::try_join_all;

/// Fetches and recalls what this target wants for this request.
///
/// # Errors
/// 400 with the `param` of an image that cannot be had: a target that fetches images by itself may still serve.
pub(super) async fn gather(line: &Line, operation: &Operation, target: &Target<'_>) -> Result<Given, ApiError> {
    let Operation::Chat(request) = operation else { return Ok(Given::default()) };
    let wants = wants(request, target)?;
    let mut given = Given::default();
    if !wants.calls.is_empty() {
        let gateway = &line.gateway;
        let carried = |call: &String| Some((call.clone(), request.inbound().carried(call, target)?));
        given.thoughts = wants.calls.iter().filter_map(carried).collect();
        let missing = wants.calls.into_iter().filter(|call| !given.thoughts.contains_key(call)).collect();
        given.thoughts.extend(gateway.thoughts.recall(&line.org, &line.model, missing, gateway.now()));
    }
    if wants.images.len() > limits::MAX_FETCHED_IMAGES {
        let at = wants.images.get(limits::MAX_FETCHED_IMAGES).map_or("messages", |(at, _)| at.as_str());
        let most = limits::MAX_FETCHED_IMAGES;
        return Err(unfit(at, &format!("{} takes at most {most} images by address", line.model)));
    }
    let images = try_join_all(wants.images.iter().map(|(at, url)| async move {
        let image = line.gateway.upstream.image(url, line.deadline).await;
        let image = image.map_err(|error| unfit(at, &format!("the image cannot be fetched: {error}")))?;
        Ok::<_, ApiError>((url.clone(), image))
    }))
    .await?;
    let total: usize = images.iter().map(|(_, image)| image.bytes.len()).sum();
    if total > limits::MAX_FETCHED_BYTES {
        return Err(unfit(
            "messages",
            &format!("its images are larger than {} MB together", limits::MAX_FETCHED_BYTES >> 20),
        ));
    }
    given.images = images
        .into_iter()
        .map(|(url, image)| (url, format!("data:{};base64,{}", image.media_type, STANDARD.encode(&image.bytes))))
        .collect();
    Ok(given)
}

fn unfit(at: &str, why: &str) -> ApiError {
    let message = format!("{at}: {why}: send it as a data: URL");
    let mut error = ApiError::new(Code::InvalidRequest, message).param(at);
    error.side = Side::Client;
    error.retry = Retry::OtherTarget;
    error
}
