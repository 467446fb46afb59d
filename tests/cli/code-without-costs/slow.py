import copy

def f(words):
    seen = []
    text = ""
    for word in words:
        if word in seen:
            continue
        seen.insert(0, word)
        text += word
    return text
