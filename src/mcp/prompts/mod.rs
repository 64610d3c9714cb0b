//! Prompts: instructions to a model, together with the OSCAL text they need. One file each:
//! [`draft`], [`explain`], [`review`].

mod draft;
mod explain;
mod prompt;
mod review;

use rmcp::model::{GetPromptResult, JsonObject, Prompt, PromptArgument, PromptMessage, Role};

use super::{answer::shortened, documents::Access, server::OscalServer};
use prompt::{Argument, Arguments, Material, Needs, PromptError, PromptKind};

static PROMPTS: [&PromptKind; 3] = [&explain::PROMPT, &draft::PROMPT, &review::PROMPT];

/// All prompts.
pub(super) fn list() -> Vec<Prompt> {
    let argument = |argument: &Argument| {
        PromptArgument::new(argument.name)
            .with_description(argument.description)
            .with_required(argument.required)
    };
    let prompt = |kind: &&PromptKind| {
        let arguments = kind.arguments.iter().map(argument).collect();
        Prompt::new(kind.name, Some(kind.description), Some(arguments)).with_title(kind.title)
    };
    PROMPTS.iter().map(prompt).collect()
}

/// The prompt with this name.
pub(super) fn find(name: &str) -> Result<&'static PromptKind, PromptError> {
    let mut prompts = PROMPTS.into_iter();
    let found = prompts.find(|prompt| prompt.name == name);
    found.ok_or_else(|| PromptError::UnknownPrompt(shortened(name)))
}

/// The prompt that a client named, filled in.
pub(super) async fn get(
    server: &OscalServer,
    access: &Access,
    name: &str,
    given: JsonObject,
) -> Result<GetPromptResult, PromptError> {
    let prompt = find(name)?;
    let (mut baseline, mut catalog) = (None, None);
    if let Some(profile) = Arguments::of(prompt, &given)?.optional("profile") {
        match prompt.needs {
            Needs::Baseline => baseline = Some(server.baseline(access, profile, None).await?),
            Needs::Catalog => {
                catalog = Some(server.resolved_catalog(access, profile, None).await?);
            }
        }
    }
    let write = move |access: &Access| {
        let material = Material {
            documents: access.documents(),
            baseline,
            catalog,
        };
        let arguments = Arguments::of(prompt, &given);
        Ok(arguments.and_then(|arguments| (prompt.write)(&material, &arguments)))
    };
    let mut text = server.pass_over(access, write).await??;
    for notice in access.notices.take() {
        text += &format!("\nWarning: {notice}\n");
    }
    let messages = vec![PromptMessage::new_text(Role::User, text)];
    Ok(GetPromptResult::new(messages).with_description(prompt.title))
}
