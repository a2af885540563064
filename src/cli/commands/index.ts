import type { Command } from "commander";
import type { Finish } from "../usage.ts";
import { addCoverage } from "./coverage.ts";
import { addExplain } from "./explain.ts";
import { addExplore } from "./explore.ts";
import { addLint } from "./lint.ts";
import { addList } from "./list.ts";
import { addMerge } from "./merge.ts";
import { addReplay } from "./replay.ts";
import { addRun } from "./run.ts";
import { addSchema } from "./schema.ts";

/** Every command, in the order in which help names them. */
export const COMMANDS: readonly ((command: Command, finish: Finish) => void)[] =
	[
		addRun,
		addCoverage,
		addExplore,
		addList,
		addExplain,
		addLint,
		addReplay,
		addMerge,
		addSchema,
	];
