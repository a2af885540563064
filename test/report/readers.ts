/** XML as the programs that read our JUnit read it, each by its own parser and brought to one shape. */
import { spawnSync } from "node:child_process";
import { xml2js as xmlJs } from "xml-js";
import { parseStringPromise } from "xml2js";

/** An element. Blanks between elements are no text of anybody. */
export interface Tree {
	name: string;
	attributes: Record<string, string>;
	text: string;
	children: Tree[];
}

const tree = (name: string): Tree => ({
	name,
	attributes: {},
	text: "",
	children: [],
});

/** The parser of dorny/test-reporter, with its own defaults. */
export async function readXml2js(xml: string): Promise<Tree> {
	const root = (await parseStringPromise(xml)) as Record<string, unknown>;
	const [name = "", value] = Object.entries(root)[0] ?? [];
	const convert = (name: string, value: unknown): Tree => {
		const one = tree(name);
		if (typeof value === "string") return { ...one, text: value };
		for (const [key, inside] of Object.entries(value as object))
			if (key === "$") one.attributes = { ...inside };
			else if (key === "_") one.text = inside;
			else
				for (const child of inside as unknown[])
					one.children.push(convert(key, child));
		return one;
	};
	return convert(name, value);
}

/** The parser of mikepenz/action-junit-report, in the compact form that it asks for. Several pieces of text are joined by a comma there. */
export async function readXmlJs(xml: string): Promise<Tree> {
	const root = xmlJs(xml, { compact: true }) as Record<string, unknown>;
	const convert = (name: string, value: Record<string, unknown>): Tree => {
		const one = tree(name);
		for (const [key, inside] of Object.entries(value)) {
			if (key === "_attributes")
				one.attributes = { ...(inside as Record<string, string>) };
			else if (key === "_text") one.text = String(inside);
			else
				for (const child of Array.isArray(inside) ? inside : [inside])
					one.children.push(convert(key, child));
		}
		return one;
	};
	const name = Object.keys(root).find((key) => key !== "_declaration") ?? "";
	return convert(name, root[name] as Record<string, unknown>);
}

/** Python's expat, the strictest: what it takes, Jenkins and GitLab take. A list of documents in, a list of trees out, as JSON. */
const EXPAT = `
import json, sys
from xml.parsers import expat

def read(xml):
    root = {"children": []}
    stack = [root]
    def start(name, attributes):
        one = {"name": name, "attributes": attributes, "text": "", "children": []}
        stack[-1]["children"].append(one)
        stack.append(one)
    def end(name):
        one = stack.pop()
        if one["children"]:
            one["text"] = one["text"].strip()
    def text(piece):
        if len(stack) > 1:
            stack[-1]["text"] += piece
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.Parse(xml.encode("utf-8"), True)
    return root["children"][0]

print(json.dumps([read(xml) for xml in json.load(sys.stdin)]))
`;

/** Why expat cannot be asked; undefined when it can. */
export function expatMissing(): string | undefined {
	const { error, status } = spawnSync("python3", [
		"-c",
		"from xml.parsers import expat",
	]);
	if (error !== undefined) return `python3 does not start: ${error.message}`;
	return status === 0 ? undefined : "this python3 has no expat";
}

export function readExpat(documents: readonly string[]): Tree[] {
	const { stdout, stderr, status } = spawnSync("python3", ["-c", EXPAT], {
		input: JSON.stringify(documents),
		encoding: "utf8",
		maxBuffer: 1 << 28,
	});
	if (status !== 0) throw new Error(stderr);
	return JSON.parse(stdout) as Tree[];
}
