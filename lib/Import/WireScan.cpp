//===- WireScan.cpp - count entries of a model before parsing it ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An empty repeated message takes two bytes in the file and some two hundred in
// memory, so a file of 100 MB can ask for 10 GB. Walking the wire format of the
// outer levels costs little (tensor data is skipped) and allocates nothing.
//===----------------------------------------------------------------------===//

#include "WireScan.h"

using llvm::StringRef;

namespace mlir::qopt::importer {

namespace {
/// Field numbers of onnx.proto whose messages are entered, by the message that
/// holds them.
enum class Message { Model, Graph, Function, Node, Leaf };

Message child(Message parent, uint64_t field) {
  switch (parent) {
  case Message::Model:
    return field == 7    ? Message::Graph
           : field == 25 ? Message::Function
                         : Message::Leaf;
  case Message::Graph:
    return field == 1 ? Message::Node : Message::Leaf;
  case Message::Function:
    return field == 7 ? Message::Node : Message::Leaf;
  default:
    return Message::Leaf;
  }
}

bool readVarint(StringRef &bytes, uint64_t &value) {
  value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (bytes.empty())
      return false;
    auto byte = static_cast<uint8_t>(bytes.front());
    bytes = bytes.drop_front();
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (!(byte & 0x80))
      return true;
  }
  return false;
}

/// Sums over all length-delimited fields: 1 for a string of a node, 8 for what
/// may become an object.
uint64_t weigh(Message message, StringRef bytes) {
  uint64_t total = 0;
  while (!bytes.empty()) {
    uint64_t tag, length;
    if (!readVarint(bytes, tag))
      return total;
    uint64_t field = tag >> 3;
    switch (tag & 7) {
    case 0:
      if (!readVarint(bytes, length))
        return total;
      break;
    case 1:
    case 5: {
      size_t width = (tag & 7) == 1 ? 8 : 4;
      if (bytes.size() < width)
        return total;
      bytes = bytes.drop_front(width);
      break;
    }
    case 2: {
      if (!readVarint(bytes, length) || length > bytes.size())
        return total;
      bool text = message == Message::Node && field != 5;
      total += text ? 1 : 8;
      Message inner = child(message, field);
      if (inner != Message::Leaf)
        total += weigh(inner, bytes.take_front(length));
      bytes = bytes.drop_front(length);
      break;
    }
    default:
      return total;
    }
  }
  return total;
}
} // namespace

uint64_t countGraphEntries(StringRef model) {
  return weigh(Message::Model, model) / 8;
}

} // namespace mlir::qopt::importer
