import type { Sentences } from "./sentences.ts";

/** grant_table.h. */
export const GRANT_TABLE_SENTENCES: Sentences = {
	header: "grant_table.h",
	whole: false,
	binds: {
		"3cc3a01de72f": ["grant.entry-order"],
		"9629f43939f4": ["grant.entry-order"],
		"1dc574175fac": ["grant.entry-order"],
		"64b7bd394277": ["grant.entry-order"],
		"3a24f292e9cc": ["grant.end-exchange"],
		"0449e15f1fbe": ["grant.end-in-use"],
		"966cff5f0e25": ["grant.end-exchange"],
		"278c22dc7bb7": ["grant.end-in-use"],
		"33bbd05118d2": ["grant.end-in-use"],
		eb4f2153bd06: ["grant.reserved-entries"],
		"7f23b99033a2": ["grant.unmap-own", "pv.leak.mappings"],
		bcd805507755: ["grant.unmap-only"],
		"22f9d053c044": ["grant.unmap-own"],
		"389ae542fb45": ["grant.unmap-own"],
		"7673aba84e13": ["grant.readonly"],
		"038c287057ed": ["grant.map-status"],
		f40b6e80e73e: ["grant.map-status"],
	},
	bindsNobody: {
		"speaks of transferred pages: displif shares pages and transfers none": [
			"910b35f39ec5",
			"2b7a6ac89940",
		],
		"speaks of transitive grants, which only version 2 of the table has": [
			"dc10899f185e",
		],
		"speaks of addresses for devices, which no display driver here asks for": [
			"dd6e4eb62134",
		],
		"says of whom the table may be asked for: a driver has its own table from its kernel":
			["e8f217205d8a", "fa2ad12c2bed", "8e2830bf687f"],
		"speaks of changing the version of the table: the world has version 1": [
			"a189d46d9f93",
		],
	},
	derived: {
		"what the reading and writing flags of an entry say": ["grant.in-use-mark"],
		"what a handle is: a number for each mapping": ["grant.reference-count"],
	},
};
