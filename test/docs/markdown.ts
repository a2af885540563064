/** What the generated documents have in common. */

/** A heading's anchor, as the forges make it. */
export const anchor = (heading: string): string =>
	heading
		.toLowerCase()
		.replaceAll(/[^a-z0-9 _-]/g, "")
		.replaceAll(" ", "-");

/** Text within a table. */
export const cell = (text: string): string =>
	text.replaceAll("|", "\\|").replaceAll("<", "&lt;");

export const owesText = (owes: string): string =>
	owes === "both" ? "both sides" : owes;
