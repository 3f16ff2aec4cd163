// Judges texts by llama.cpp's own grammar code, without a model or a server.
//
// Each line on standard input gets one line on standard output; texts are UTF-8 in hexadecimal digits.
//   g HEX   from here on this is the grammar  ->  "loaded" or "refused" (the reason is on standard error)
//   t HEX   is this text in the language?     ->  "accepted", or "leaves N": N characters of it are good;
//           N is the length of the text if only its end is missing

#include "llama-grammar.h"

#include <cstdint>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace {

struct free_grammar {
    void operator()(llama_grammar * grammar) const { llama_grammar_free_impl(grammar); }
};

using grammar_ptr = std::unique_ptr<llama_grammar, free_grammar>;

std::string from_hex(const std::string & digits) {
    std::string bytes;
    for (size_t i = 0; i + 1 < digits.size(); i += 2) {
        bytes.push_back(static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16)));
    }
    return bytes;
}

// The input is valid UTF-8: Python wrote it.
std::vector<uint32_t> characters_of(const std::string & bytes) {
    std::vector<uint32_t> characters;
    for (unsigned char byte : bytes) {
        if ((byte & 0xC0) == 0x80) {
            characters.back() = (characters.back() << 6) | (byte & 0x3F);
        } else {
            characters.push_back(byte < 0x80 ? byte : byte < 0xE0 ? byte & 0x1F : byte < 0xF0 ? byte & 0x0F : byte & 0x07);
        }
    }
    return characters;
}

grammar_ptr load(const std::string & text) {
    try {
        return grammar_ptr(
            llama_grammar_init_impl(nullptr, text.c_str(), "root", false, nullptr, 0, nullptr, 0));
    } catch (const std::exception & error) {
        std::cerr << error.what() << std::endl;
        return nullptr;
    }
}

std::string judge(const llama_grammar & loaded, const std::string & text) {
    grammar_ptr grammar(llama_grammar_clone_impl(loaded));
    size_t good = 0;
    for (uint32_t character : characters_of(text)) {
        llama_grammar_accept(grammar.get(), character);
        if (grammar->stacks.empty()) {
            return "leaves " + std::to_string(good);
        }
        good++;
    }
    for (const auto & stack : grammar->stacks) {
        if (stack.empty()) {
            return "accepted";
        }
    }
    return "leaves " + std::to_string(good);
}

}  // namespace

int main() {
    grammar_ptr grammar;
    for (std::string line; std::getline(std::cin, line);) {
        const std::string text = from_hex(line.substr(std::min<size_t>(2, line.size())));
        if (line[0] == 'g') {
            grammar = load(text);
            std::cout << (grammar ? "loaded" : "refused") << std::endl;
        } else {
            std::cout << (grammar ? judge(*grammar, text) : "no grammar") << std::endl;
        }
    }
}
