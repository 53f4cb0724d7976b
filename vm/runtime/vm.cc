#include "vm/runtime/vm.h"

#include <algorithm>
#include <cstring>

#include "vm/runtime/heap_memory.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/spare_pages.h"

namespace orus {

Vm::Vm(const VerifiedModule& module, const VmConfig& config, Console& console) : verified_(module), config_(config), console_(console) {}

Vm::~Vm() {
  if (stack_ != nullptr) unmap_stack();
}

// Clearing a stack of the size that small programs get costs less than new pages; nobody knows how much of it was used.
constexpr size_t kLargestLentStack = 256 * 1024;

void* Vm::map_stack() {
  SparePages* spare = config_.heap.spare_pages;
  if (spare != nullptr && stack_bytes_ <= kLargestLentStack) return spare->take(stack_bytes_, kPageBytes);
  return map_pages(stack_bytes_);
}

void Vm::unmap_stack() {
  SparePages* spare = config_.heap.spare_pages;
  if (spare == nullptr || stack_bytes_ > kLargestLentStack) return unmap_pages(reinterpret_cast<char*>(stack_), stack_bytes_);
  std::memset(stack_, 0, stack_bytes_);
  spare->give_back(reinterpret_cast<char*>(stack_), stack_bytes_, kPageBytes);
}

Result<std::unique_ptr<Vm>> Vm::create(const VerifiedModule& module, const VmConfig& config, Console& console) {
  std::unique_ptr<Vm> vm(new Vm(module, config, console));
  Status status = vm->load();
  if (!status.ok()) return status.error();
  return vm;
}

namespace {

/// Fuel charge by code word: the block's instruction count where a block starts, 0 elsewhere.
std::vector<uint32_t> block_costs(const Function& fn, const FunctionFacts& facts) {
  std::vector<uint32_t> costs(fn.code.size(), 0);
  for (const auto& block : facts.blocks) costs[block.start] = block.cost;
  return costs;
}

}  // namespace

Status Vm::load() {
  const Module& m = module();
  counting_ = config_.count_ops || config_.fuel >= 0;
  context.vm = this;
  context.max_depth = config_.max_depth;
  context.fuel = config_.fuel >= 0 ? config_.fuel : INT64_MAX;

  functions_.resize(m.functions.size());
  code_.resize(m.functions.size());
  costs_.resize(m.functions.size());
  live_cache_.resize(m.functions.size());
  entries_.assign(m.functions.size(), nullptr);
  size_t largest = 1;
  int32_t loop_countdown = config_.heap.stress ? 1 : config_.loop_countdown;
  for (size_t i = 0; i < m.functions.size(); ++i) {
    const Function& fn = m.functions[i];
    FunctionRuntime& runtime = functions_[i];
    code_[i] = fn.code;
    costs_[i] = block_costs(fn, verified_.facts[i]);
    runtime.code = code_[i].data();
    runtime.block_cost = costs_[i].data();
    runtime.countdown = config_.call_countdown;
    runtime.register_count = static_cast<uint32_t>(fn.registers.size());
    runtime.params = fn.params;
    runtime.index = static_cast<uint32_t>(i);
    runtime.function = &fn;
    runtime.facts = &verified_.facts[i];
    runtime.loops.resize(fn.loops);
    for (uint32_t pc : runtime.facts->loop_pc) {
      runtime.code[pc] = make_insn_bc(Op::loop, runtime.code[pc].a, loop_countdown);
    }
    largest = std::max(largest, fn.registers.size() + kFrameHeader);
  }
  context.functions = functions_.data();
  context.entries = entries_.data();

  // Every frame that the depth limit allows fits, so depth is the only check a call makes; pages are committed on use.
  constexpr size_t kStackStep = 16 * 1024;  // few different sizes, so that a lent stack often fits
  stack_bytes_ = (size_t{config_.max_depth} + 8) * (largest + 1) * sizeof(Slot);
  stack_bytes_ = (stack_bytes_ + kStackStep - 1) & ~(kStackStep - 1);
  void* memory = map_stack();
  if (memory == nullptr) {
    return Error{ErrorCode::kOutOfMemory,
                 "no address space for " + std::to_string(config_.max_depth) + " frames of the largest function; lower the stack limit"};
  }
  stack_ = static_cast<Slot*>(memory);

  heap_ = std::make_unique<Heap>(config_.heap, m, *this, &context.window);
  globals_.assign(m.globals.size() + 1, 0);
  globals_assigned_.assign(m.globals.size() + 1, 0);
  for (size_t i = 0; i < m.globals.size(); ++i) {
    globals_reference_.push_back(is_reference(m.kind(m.globals[i].type)) ? 1 : 0);
    if (globals_reference_.back() != 0) reference_globals_.push_back(static_cast<uint32_t>(i));
  }
  context.globals = globals_.data();
  context.globals_assigned = globals_assigned_.data();
  constants_.assign(m.constants.size() + 1, 0);
  context.constants = constants_.data();
  for (size_t i = 0; i < m.constants.size(); ++i) {
    if (m.constants[i].type != kTypeString) {
      constants_[i] = m.constants[i].bits;
      continue;
    }
    reference_constants_.push_back(static_cast<uint32_t>(i));
    String* string = new_string(*this, m.constants[i].text);
    if (string == nullptr) return Error{ErrorCode::kOutOfMemory, "the heap limit is too small for the module's constants"};
    constants_[i] = ref_slot(string);
  }
  return Ok{};
}

Outcome Vm::run_main() { return call_function(functions_[module().main.index], stack_ + kFrameHeader); }

void Vm::interrupt() { context.interrupt.fetch_or(1, std::memory_order_relaxed); }

bool Vm::poll() {
  uint32_t flags = context.interrupt.load(std::memory_order_relaxed);
  if (flags == 0) return true;
  return reach(flags & 2 ? Limit::kTimeout : Limit::kInterrupt);
}

VmCounters Vm::counters() const {
  int64_t start = config_.fuel >= 0 ? config_.fuel : INT64_MAX;
  auto charged = static_cast<uint64_t>(start - context.fuel);
  return {.interpreted_ops = interpreted_ops_, .native_ops = counting_ ? charged - interpreted_ops_ : 0};
}

bool Vm::raise(Trap trap, const Slot* base, const Insn* pc) { return raise(info(trap).kind, info(trap).message, base, pc); }

bool Vm::raise(ErrorKind kind, std::string_view message, const Slot* base, const Insn* pc) {
  String* text = new_string(*this, message);
  return text != nullptr && make_error(kind, text, base, pc);
}

bool Vm::raise_string(String* message, const Slot* base, const Insn* pc) { return make_error(ErrorKind::kUser, message, base, pc); }

/// Makes `message` the pending error; always false, like raise().
bool Vm::make_error(ErrorKind kind, String* message, const Slot* base, const Insn* pc) {
  const FunctionRuntime* fn = frame_function(base);
  Rooted<String> rooted(*this, message);
  auto* error = static_cast<ErrorObject*>(allocate(ObjectKind::kError, 0, sizeof(ErrorObject)));
  if (error == nullptr) return false;
  error->error_kind = static_cast<uint32_t>(kind);
  error->function = fn->index;
  error->pc = fn->pc_of(pc);
  error->message = rooted.get();
  heap_->barrier(error);
  pending_ = error;
  return false;
}

bool Vm::raise_again(ErrorObject* error) {
  pending_ = error;
  return false;
}

Vm::ErrorReport Vm::error_report() const {
  const Function& fn = module().functions[pending_->function];
  ErrorReport report{.kind = std::string(kErrorKindWords[pending_->error_kind]),
                     .message = std::string(pending_->message->view()),
                     .position = {},
                     .function = fn.name};
  if (pending_->pc < fn.positions.size()) report.position = fn.positions[pending_->pc];
  return report;
}

Vm::ErrorReport Vm::limit_report() const {
  static constexpr std::string_view kMessages[] = {
      "", "fuel is used up", "heap limit reached", "time limit reached", "interrupted", "no memory for the stack"};
  static constexpr std::string_view kWords[] = {"", "fuel", "heap", "timeout", "interrupt", "stack"};
  auto i = static_cast<size_t>(limit_);
  const Function& fn = module().functions[limit_function_];
  ErrorReport report{.kind = std::string(kWords[i]), .message = std::string(kMessages[i]), .position = {}, .function = fn.name};
  if (limit_pc_ < fn.positions.size()) report.position = fn.positions[limit_pc_];
  return report;
}

const Handler* Vm::find_handler(const FunctionRuntime& fn, uint32_t pc) const {
  for (const Handler& handler : fn.function->handlers) {
    if (handler.start <= pc && pc < handler.end) return &handler;
  }
  return nullptr;
}

const std::vector<uint16_t>& Vm::live_references(const FunctionRuntime& fn, uint32_t pc, Liveness at) {
  auto [it, added] = live_cache_[fn.index].try_emplace(pc * 2 + (at == Liveness::kAcross ? 1 : 0));
  if (added) {
    const Module& m = module();
    auto live = at == Liveness::kAcross ? live_across(m, *fn.function, *fn.facts, pc) : live_before(m, *fn.function, *fn.facts, pc);
    live.for_each([&](size_t r) {
      if (is_reference(m.kind(fn.function->registers[r]))) it->second.push_back(static_cast<uint16_t>(r));
    });
  }
  return it->second;
}

void Vm::visit_frames(const Activation& record, RootSink& sink) {
  // The innermost frame is inside an instruction that may still read its operands; the others are inside calls.
  Liveness at = Liveness::kBefore;
  for (Slot* base = record.top; frame_function(base) != nullptr; base = frame_caller(base), at = Liveness::kAcross) {
    if (base == record.top && record.top_in_tier) continue;
    const FunctionRuntime& fn = *frame_function(base);
    for (uint16_t r : live_references(fn, fn.pc_of(frame_pc(base)), at)) sink.visit(reinterpret_cast<Object**>(&base[r]));
  }
}

void Vm::visit_roots(RootSink& sink) {
  for (uint32_t g : reference_globals_) sink.visit(reinterpret_cast<Object**>(&globals_[g]));
  for (uint32_t k : reference_constants_) sink.visit(reinterpret_cast<Object**>(&constants_[k]));
  sink.visit(reinterpret_cast<Object**>(&pending_));
  for (uint32_t i = 0; i < root_count_; ++i) sink.visit(root_list_[i]);
  void* native_frame = context.native_frame;
  for (Activation* a = activation; a != nullptr; a = a->previous) {
    if (a->top != nullptr) {
      visit_frames(*a, sink);
    } else {
      tier_->visit_roots(native_frame, sink);
      native_frame = a->native_frame;
    }
  }
}

}  // namespace orus
