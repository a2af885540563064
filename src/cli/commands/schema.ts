/** `schema`: the JSON Schema of scenario files. */
import type { Command } from "commander";
import { scenarioSchema } from "../../scenario/schema.ts";
import { out } from "../terminal.ts";
import type { Finish } from "../usage.ts";

export function addSchema(command: Command, finish: Finish): void {
	command
		.command("schema")
		.description("print the JSON Schema of scenario files")
		.action(() => {
			out(`${JSON.stringify(scenarioSchema(), null, "\t")}\n`);
			finish(0);
		});
}
