// Lowerings of the global, string, array and struct families.
//
// Offsets are those of vm/runtime/object.h. An element access is: load the length, check the index against it, load
// the buffer, access. The checked index (`bounds`) is what the access depends on, so it cannot move above its check.
#include "jit/build/builder.h"
#include "vm/runtime/object.h"

namespace orus::jit {
namespace {

constexpr IrType I32 = IrType::kI32, I64 = IrType::kI64, BOOL = IrType::kBool, REF = IrType::kRef;
constexpr int64_t kLengthOffset = offsetof(Array, length), kCapacityOffset = offsetof(Array, capacity),
                  kBufferOffset = offsetof(Array, buffer);
constexpr int64_t kFieldsOffset = sizeof(Object);

struct Element {
  IrType type;
  uint8_t width;
  uint32_t alias;
};

/// Element of the array in register `array`.
Element element_of(Builder& b, uint16_t array) {
  TypeKind kind = b.module().kind(b.module().type(b.bytecode_type(array)).element);
  auto width = static_cast<uint8_t>(element_bytes(kind));
  IrType type = ir_type(kind);
  uint32_t alias = type == IrType::kBool  ? kAliasElem1
                   : type == I32          ? kAliasElem4
                   : type == I64          ? kAliasElemI64
                   : type == IrType::kF64 ? kAliasElemF64
                                          : kAliasElemRef;
  return {type, width, alias};
}

InstId length(Builder& b, InstId array) { return b.load(array, kLengthOffset, I32, 4, kAliasArrayLength); }
InstId buffer(Builder& b, InstId array) { return b.load(array, kBufferOffset, REF, 8, kAliasArrayBuffer); }

InstId load_element(Builder& b, InstId buf, InstId index, const Element& element) {
  InstId id = b.emit(IrOp::load_elem, element.type, {buf, index});
  b.ir().at(id).width = element.width;
  b.ir().at(id).aux = element.alias;
  return id;
}

void store_element(Builder& b, InstId buf, InstId index, InstId value, const Element& element) {
  InstId id = b.emit(IrOp::store_elem, IrType::kVoid, {buf, index, value});
  b.ir().at(id).width = element.width;
  b.ir().at(id).aux = element.alias;
}

void get(Builder& b) {
  InstId array = b.get(b.insn->b);
  InstId index = b.checked(IrOp::bounds, I32, {b.get(b.insn->c), length(b, array)}, ExitReason::bounds);
  b.set(b.insn->a, load_element(b, buffer(b, array), index, element_of(b, b.insn->b)));
}

void set(Builder& b) {
  InstId array = b.get(b.insn->a);
  InstId index = b.checked(IrOp::bounds, I32, {b.get(b.insn->b), length(b, array)}, ExitReason::bounds);
  InstId buf = buffer(b, array);
  Element element = element_of(b, b.insn->a);
  store_element(b, buf, index, b.get(b.insn->c), element);
  if (element.type == REF) b.emit(IrOp::barrier, IrType::kVoid, {buf});
}

/// With room: store and count. Without: the runtime grows the array and appends.
void push(Builder& b) {
  Function& fn = b.ir();
  InstId array = b.get(b.insn->a), value = b.get(b.insn->b);
  InstId len = length(b, array);
  InstId room = b.emit(IrOp::lt, BOOL, {len, b.load(array, kCapacityOffset, I32, 4, kAliasArrayCapacity)});
  b.emit(IrOp::branch, IrType::kVoid, {room});
  BlockId from = b.block, fast = fn.add_block(), slow = fn.add_block(), join = fn.add_block();
  for (BlockId block : {fast, slow, join}) fn.at(block).pc = b.pc;
  fn.at(from).successors = {{fast, {}}, {slow, {}}};
  fn.at(slow).cold = true;
  b.block = fast;
  InstId buf = buffer(b, array);
  Element element = element_of(b, b.insn->a);
  store_element(b, buf, len, value, element);
  b.store(array, kLengthOffset, b.emit(IrOp::add, I32, {len, b.i32(1)}), 4, kAliasArrayLength);
  if (element.type == REF) b.emit(IrOp::barrier, IrType::kVoid, {buf});
  b.emit(IrOp::jump, IrType::kVoid, {});
  fn.at(fast).successors = {{join, {}}};
  b.block = slow;
  b.runtime();
  b.emit(IrOp::jump, IrType::kVoid, {});
  fn.at(slow).successors = {{join, {}}};
  b.block = join;
}

void pop(Builder& b) {
  InstId array = b.get(b.insn->b);
  InstId len = length(b, array);
  b.guard(b.emit(IrOp::gt, BOOL, {len, b.i32(0)}), ExitReason::empty_array);
  InstId last = b.emit(IrOp::sub, I32, {len, b.i32(1)});
  InstId index = b.emit(IrOp::pi, I32, {last});
  Element element = element_of(b, b.insn->b);
  InstId buf = buffer(b, array);
  InstId value = load_element(b, buf, index, element);
  store_element(b, buf, index, b.constant(element.type == REF ? I64 : element.type, 0), element);
  b.store(array, kLengthOffset, last, 4, kAliasArrayLength);
  b.set(b.insn->a, value);
}

/// Ends the block: on to a new one with the object, or to `slow` when there was no room for it.
InstId try_new(Builder& b, size_t bytes, ObjectKind kind, uint32_t type, BlockId slow) {
  Function& fn = b.ir();
  InstId object = b.emit(IrOp::new_object, REF, {}, static_cast<int64_t>(bytes));
  fn.at(object).aux = static_cast<uint32_t>(kind) << 24 | type;
  b.emit(IrOp::branch, IrType::kVoid, {b.emit(IrOp::ne, BOOL, {object, b.constant(REF, 0)})});
  BlockId fast = fn.add_block();
  fn.at(fast).pc = b.pc;
  fn.at(b.block).successors = {{fast, {}}, {slow, {}}};
  b.block = fast;
  return b.emit(IrOp::pi, REF, {object});
}

/// Ends `fast` and `slow`, which bring the same number of values, and goes on behind them.
std::vector<InstId> join(Builder& b, BlockId fast, std::vector<InstId> from_fast, BlockId slow, std::vector<InstId> from_slow) {
  Function& fn = b.ir();
  BlockId block = fn.add_block();
  fn.at(block).pc = b.pc;
  std::vector<InstId> phis;
  for (InstId value : from_fast) phis.push_back(fn.add_phi(block, fn.at(value).type));
  for (BlockId from : {fast, slow}) {
    fn.append(from, IrOp::jump, IrType::kVoid, {});
    fn.at(from).successors = {{block, from == fast ? from_fast : from_slow}};
  }
  b.block = block;
  return phis;
}

constexpr size_t kMaxInlineBytes = 1024;  // of an object allocated inline; larger ones are rare and slow anyway

uint32_t field_alias_of(Builder& b, uint16_t object, uint16_t field) { return field_alias(b.bytecode_type(object).index, field); }

}  // namespace

void lower_load_global(Builder& b) {
  auto g = static_cast<uint32_t>(b.insn->bc());
  InstId value = b.emit(IrOp::load_global, b.type_of(b.insn->a), {}, g);
  b.ir().at(value).aux = global_alias(g);
  if (b.type_of(b.insn->a) == REF) {
    b.guard(b.emit(IrOp::ne, BOOL, {value, b.constant(REF, 0)}), ExitReason::unassigned);
    value = b.emit(IrOp::pi, REF, {value});  // not null from here on: loads through it stay behind the guard
  }
  b.set(b.insn->a, value);
}
void lower_store_global(Builder& b) {
  auto g = static_cast<uint32_t>(b.insn->bc());
  InstId id = b.emit(IrOp::store_global, IrType::kVoid, {b.get(b.insn->a)}, g);
  b.ir().at(id).aux = global_alias(g);
}
void lower_check_global(Builder& b) {
  auto g = static_cast<uint32_t>(b.insn->bc());
  InstId assigned = b.emit(IrOp::load_assigned, BOOL, {}, g);
  b.ir().at(assigned).aux = global_alias(g);
  b.guard(assigned, ExitReason::unassigned);
}

void lower_eq_str(Builder& b) { b.runtime(); }
void lower_lt_str(Builder& b) { b.runtime(); }
void lower_le_str(Builder& b) { b.runtime(); }
void lower_str_concat(Builder& b) { b.runtime(); }
void lower_str_index(Builder& b) { b.runtime(); }
void lower_str_len(Builder& b) { b.set(b.insn->a, b.load(b.get(b.insn->b), offsetof(String, length), I32, 4, kAliasString)); }

/// The array and its buffer inline; where one does not fit, the runtime makes both. Behind the join the header fields are
/// stored again, so that later loads of them need no memory.
void lower_new_array(Builder& b) {
  uint32_t capacity = b.insn->b;
  Element element = element_of(b, b.insn->a);
  size_t storage = size_t{capacity} * element.width;
  if (storage > kMaxInlineBytes) {
    b.runtime();
    return;
  }
  Function& fn = b.ir();
  BlockId slow = fn.add_block();
  fn.at(slow).pc = b.pc;
  fn.at(slow).cold = true;
  std::vector<InstId> fast_values = {try_new(b, sizeof(Array), ObjectKind::kArray, b.bytecode_type(b.insn->a).index, slow)};
  if (capacity > 0) {
    ObjectKind kind = element.type == REF ? ObjectKind::kRefBuffer : ObjectKind::kScalarBuffer;
    InstId buf = try_new(b, sizeof(Buffer) + ((storage + 7) & ~size_t{7}), kind, 0, slow);
    b.store(buf, offsetof(Buffer, size), b.i64(static_cast<int64_t>(storage)), 8, kAliasBufferSize);
    fast_values.push_back(buf);
  }
  BlockId fast = b.block;
  b.block = slow;
  std::vector<InstId> slow_values = {b.runtime()};
  if (capacity > 0) slow_values.push_back(buffer(b, slow_values[0]));
  std::vector<InstId> made = join(b, fast, fast_values, slow, slow_values);
  b.store(made[0], kLengthOffset, b.i32(0), 4, kAliasArrayLength);
  b.store(made[0], kCapacityOffset, b.i32(capacity), 4, kAliasArrayCapacity);
  if (capacity > 0) b.store(made[0], kBufferOffset, made[1], 8, kAliasArrayBuffer);
  b.set(b.insn->a, made[0]);
}
void lower_array_fill(Builder& b) { b.runtime(); }
void lower_array_len(Builder& b) { b.set(b.insn->a, length(b, b.get(b.insn->b))); }

void lower_array_get_1(Builder& b) { get(b); }
void lower_array_set_1(Builder& b) { set(b); }
void lower_array_push_1(Builder& b) { push(b); }
void lower_array_pop_1(Builder& b) { pop(b); }
void lower_array_get_4(Builder& b) { get(b); }
void lower_array_set_4(Builder& b) { set(b); }
void lower_array_push_4(Builder& b) { push(b); }
void lower_array_pop_4(Builder& b) { pop(b); }
void lower_array_get_8(Builder& b) { get(b); }
void lower_array_set_8(Builder& b) { set(b); }
void lower_array_push_8(Builder& b) { push(b); }
void lower_array_pop_8(Builder& b) { pop(b); }
void lower_array_get_ref(Builder& b) { get(b); }
void lower_array_set_ref(Builder& b) { set(b); }
void lower_array_push_ref(Builder& b) { push(b); }
void lower_array_pop_ref(Builder& b) { pop(b); }

/// As for arrays: the fields are stored behind the join, where the runtime has stored them on its way already.
void lower_new_struct(Builder& b) {
  uint32_t count = b.insn->c;
  size_t bytes = sizeof(Object) + 8 * size_t{count};
  if (bytes > kMaxInlineBytes) {
    b.runtime();
    return;
  }
  std::vector<InstId> fields;
  for (uint32_t i = 0; i < count; ++i) fields.push_back(b.get(listed_register(b.insn, i)));
  Function& fn = b.ir();
  BlockId slow = fn.add_block();
  fn.at(slow).pc = b.pc;
  fn.at(slow).cold = true;
  InstId object = try_new(b, bytes, ObjectKind::kStruct, b.bytecode_type(b.insn->a).index, slow);
  BlockId fast = b.block;
  b.block = slow;
  InstId made = join(b, fast, {object}, slow, {b.runtime()})[0];
  b.set(b.insn->a, made);
  for (uint32_t i = 0; i < count; ++i)
    b.store(made, kFieldsOffset + 8 * int64_t{i}, fields[i], 8, field_alias_of(b, b.insn->a, static_cast<uint16_t>(i)));
}
void lower_get_field(Builder& b) {
  IrType type = b.type_of(b.insn->a);
  uint8_t width = type == BOOL ? 1 : type == I32 ? 4 : 8;
  b.set(b.insn->a, b.load(b.get(b.insn->b), kFieldsOffset + 8 * int64_t{b.insn->c}, type, width, field_alias_of(b, b.insn->b, b.insn->c)));
}
void lower_set_field(Builder& b) {
  b.store(b.get(b.insn->a), kFieldsOffset + 8 * int64_t{b.insn->b}, b.get(b.insn->c), 8, field_alias_of(b, b.insn->a, b.insn->b));
}
void lower_set_field_ref(Builder& b) {
  lower_set_field(b);
  b.emit(IrOp::barrier, IrType::kVoid, {b.get(b.insn->a)});
}

/// current, end and step lie behind the header. The sum that moves the iterator on is made before anything is
/// written, so that one which does not fit can still leave to the interpreter.
void lower_range_next(Builder& b) {
  InstId range = b.get(b.insn->b);
  InstId current = b.load(range, offsetof(RangeObject, current), I64, 8, kAliasRange);
  InstId end = b.load(range, offsetof(RangeObject, end), I64, 8, kAliasRange);
  InstId step = b.load(range, offsetof(RangeObject, step), I64, 8, kAliasRange);
  InstId up = b.emit(IrOp::gt, BOOL, {step, b.i64(0)});
  InstId more = b.emit(IrOp::select, BOOL, {up, b.emit(IrOp::lt, BOOL, {current, end}), b.emit(IrOp::gt, BOOL, {current, end})});
  InstId next = b.emit(IrOp::select, I64, {more, step, b.i64(0)});
  next = b.checked(IrOp::add_ov, I64, {current, next}, ExitReason::overflow);
  b.store(range, offsetof(RangeObject, current), next, 8, kAliasRange);
  InstId old = b.get(b.insn->a);
  b.set(b.insn->a, current);
  b.branch_with(more, b.pc + 1, b.pc + static_cast<uint32_t>(int32_t{b.insn->sc()}), b.insn->a, old);
}

}  // namespace orus::jit
