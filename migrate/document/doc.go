// Package document reads the YAML files that users write. Documents are read as nodes and walked by tables of our own,
// never decoded into structs: yaml.v3's type errors quote values, its positions get lost with custom types, and it stops at
// a document's first syntax error. Problems name file and line, and never hold a value.
//
// This package is the only one that runs yaml.v3; others see its nodes, so that its maintained fork is a change of import
// paths.
package document
