//! `explain_control`: what a control asks for, in plain words.

use super::prompt::{
    Argument, Arguments, Material, Needs, PromptError, PromptKind, RULES, control_text,
};

pub(super) static PROMPT: PromptKind = PromptKind {
    name: "explain_control",
    title: "Explain a control",
    description: "What a control asks for, in plain words, with its text",
    arguments: &[
        Argument {
            name: "control",
            description: "Id or label: AC-2(1), ac-2.1",
            required: true,
        },
        Argument {
            name: "profile",
            description: "Id of a profile: the control as in its baseline",
            required: false,
        },
    ],
    needs: Needs::Catalog,
    write,
};

fn write(material: &Material<'_>, arguments: &Arguments<'_>) -> Result<String, PromptError> {
    let control = arguments.required("control")?;
    let control = control_text(material, control)?;
    Ok(format!(
        "Explain the security control below to somebody who must implement it.\n\n\
         Give, in this order: its purpose in one or two sentences; each item of its statement, \
         quoted and then in plain words; the values that the organization has to choose; what an \
         assessor would want to see; how related controls and enhancements bear on it.\n\n\
         Rules:\n{RULES}\n---\n\n{control}"
    ))
}
