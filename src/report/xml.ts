import { plain } from "./plain.ts";

/** An element with either text or elements inside. Text stands as it is: no blank is added to it. */
export interface Element {
	name: string;
	attributes: Readonly<Record<string, string | number | undefined>>;
	inside: string | readonly Element[];
}

export function element(
	name: string,
	attributes: Element["attributes"] = {},
	inside: Element["inside"] = [],
): Element {
	return { name, attributes, inside };
}

/** A whole XML 1.0 document in UTF-8. Never CDATA: a reader joins the two halves of a split section with a comma. */
export function document(root: Element): string {
	const lines = ['<?xml version="1.0" encoding="UTF-8"?>'];
	print(root, "", lines);
	return `${lines.join("\n")}\n`;
}

function print(one: Element, indent: string, lines: string[]): void {
	const attributes = Object.entries(one.attributes)
		.filter(([, value]) => value !== undefined)
		.map(([name, value]) => ` ${name}="${escapeAttribute(String(value))}"`);
	const head = `${indent}<${one.name}${attributes.join("")}`;
	if (one.inside.length === 0) {
		lines.push(`${head}/>`);
	} else if (typeof one.inside === "string") {
		lines.push(`${head}>${escapeText(one.inside)}</${one.name}>`);
	} else {
		lines.push(`${head}>`);
		for (const child of one.inside) print(child, `${indent}  `, lines);
		lines.push(`${indent}</${one.name}>`);
	}
}

const ENTITIES: Readonly<Record<string, string>> = {
	"&": "&amp;",
	"<": "&lt;",
	">": "&gt;",
	'"': "&quot;",
	"\n": "&#10;",
	"\t": "&#9;",
};

const escapeText = (text: string): string =>
	plain(text).replaceAll(/[&<>]/g, (sign) => ENTITIES[sign] ?? sign);

/** Line ends and tabs too: a reader would turn them into blanks. */
const escapeAttribute = (text: string): string =>
	plain(text).replaceAll(/[&<>"\n\t]/g, (sign) => ENTITIES[sign] ?? sign);
