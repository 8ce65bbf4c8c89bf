# SPDX-License-Identifier: BSD-3-Clause
#
# Headers as Doxygen wants them: a comment that begins a line is about what follows, one that ends a line
# about what is before it, and the first is about the file. Inside functions nothing is changed.
#
# The first comment's paragraphs, diagrams and tables are kept as they stand: they are text, not markup.

FNR == 1 {
	print "/** @file"
	head = 1
	next
}

# The head: its first paragraph is the summary, the rest stands as it is.
head == 1 {
	sub(/^ \* ?/, "")
	if ($0 == "") next
	sub(/^[a-z-]+\.h -- /, "")
	head = 2
}
head {
	if (/\*\/$/) {
		sub(/ *\*\/$/, "")
		if (verbatim) print "@endverbatim"
		print "*/"
		head = 0
		next
	}
	sub(/^ \* ?/, "")
	if (!verbatim && $0 == "") {
		print ""
		print "@verbatim"
		verbatim = 1
		next
	}
	print
	next
}

# A comment of its own, or one behind a declaration.
/^[\t ]*\/\* / { sub(/\/\* /, "/** "); }
/[;,{)] *\/\* / { sub(/\/\* /, "/**< "); }
{ print }
