// What a model's schema says, as nodes of ONNX around the network: raw rows in, answers out.
#pragma once

#include "chainrule/data/schema.h"
#include "chainrule/io/onnx_format.h"

namespace chainrule::onnx {

/// Puts the schema's nodes before and after a network of one input, which is `file`.
///
/// Inputs: of a table with categories one per column, named after it, [batch, 1], numbers as DOUBLE
/// and categories as STRING; of a table of numbers "x" [batch, columns] of DOUBLE, NaN where a
/// value is missing; of pictures "pixels" [batch, ...] of UINT8; of other arrays "x" as FLOAT. Rows
/// that are the features already stay what they are.
///
/// Outputs: "label" [batch] (STRING, INT64, DOUBLE or BOOL) and "probabilities" [batch, classes];
/// of numbers "prediction" [batch, targets] in their units; of several labels "labels" and
/// "probabilities" [batch, labels]. Outputs beside the first stay as they are.
///
/// Throws Error for a column whose name the file has already.
void add_schema(File& file, const Schema& schema);

/// The network alone of a file that add_schema() has made; any other is left as it is.
void remove_schema(File& file);

}  // namespace chainrule::onnx
