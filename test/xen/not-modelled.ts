/** Facts of fixtures/xen/facts.json that no test holds the model to, and why. */
export const NOT_MODELLED: Readonly<Record<string, string>> = {
	"8.17":
		"Tables are version 1 for good: no display driver changes the version, and no call can.",
	"9.4":
		"There is no security module: what a policy forbids is the administrator's affair, and no displif promise depends on it. A scenario's fault can answer any map with permission_denied.",
	"9.16":
		"A call is a batch of one, with its own status, so that another task may run and a fault may strike between any two elements.",
	"10.13":
		"There are no virtual CPUs: which of a domain's tasks takes an event is the die's choice.",
	"12.1":
		"The toolstack asks nobody to grow or shrink. How much a balloon can give is set by the scenario (balloon.set, memory.limit), for that is what a driver meets.",
};

/** Facts that are tested, but for a part. */
export const PARTLY_MODELLED: Readonly<Record<string, string>> = {
	"8.2": "Version 2 is a layout only; no table has it.",
	"8.3": "256 is arithmetic on the layout of version 2; no table has it.",
	"8.4": "The same limit for version 2 is not modelled.",
	"8.6":
		"Transfers and transitive grants exist as entry types that cannot be mapped; nothing is transferred.",
	"8.11": "Linux' warning goes to no log.",
	"9.2":
		"Every domain has hardware paging, domain 0 too, so none gets such a mapping.",
	"9.9": "No page is ever paged out, so nothing is answered eagain.",
	"9.11": "Only host mappings are counted: there are no device mappings.",
	"9.18":
		"The race of two unmaps for one handle does not exist: a call is answered at once.",
	"9.19": "There are no bus addresses.",
	"9.23": "Grants of part of a page have no bounds: that is version 2.",
	"9.25": "A transitive grant cannot be copied from either: that is version 2.",
	"9.30":
		"The second look is at nothing, so all that can be seen of it is that nothing follows.",
	"9.33":
		"Teardown is one step, so nobody meets it half done, where bad_page would be the answer.",
	"10.2": "All guests have FIFO, as Linux on a current Xen has.",
	"10.7": "No port is a pirq's, virq's or ipi's.",
	"10.16": "All guests have FIFO, before and after.",
	"12.2": "A call is about one frame: the count is 0 or 1.",
	"12.5":
		"The machine itself has memory enough: only a domain's maximum ends it.",
};
